import { chown, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem } from "@mcp/base";
import { run } from "@mcp/host";
import { asUser, type QemuUser } from "../confinement/qemu-user.ts";
import { qemuArgv } from "../machine/argv.ts";
import type { Machine } from "../machine/machine.ts";
import { runState } from "../qmp/commands.ts";
import { openQmp, type Qmp } from "../qmp/qmp.ts";
import { bootDiskBytes, bootSector, bootSectorExitCode } from "./boot-sector.ts";

/** What became of a tiny guest. */
export type Proof =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly why: string;
      readonly hint: string;
      /** False where a busy machine could be the reason: then it is tried again before long. */
      readonly isLasting: boolean;
    };

export interface ProofOptions {
  readonly program: string;
  readonly user: QemuUser | undefined;
  /** What is to be proven; a test proves `tcg`, which works everywhere. */
  readonly accel?: "kvm" | "tcg";
  readonly timeoutMs?: number;
}

/**
 * Whether guests run here by KVM: a device that opens proves nothing, so a guest of one sector is run, as the user, with the
 * arguments and in the confinement of every other one.
 *
 * @param options.timeoutMs  for the guest. Default 5 000; a tenth of a second is usual.
 */
export async function proveKvm(options: ProofOptions, signal: AbortSignal): Promise<Proof> {
  const { program, user, accel = "kvm", timeoutMs = 5_000 } = options;
  const folder = await mkdtemp(join(tmpdir(), "mcp-accel-"));
  try {
    const runFolder = await makeRunFolder(folder, user);
    // It has nothing to outlive the agent for.
    const argv = asUser(user, [
      "setpriv",
      "--pdeathsig=KILL",
      "--",
      ...qemuArgv(tinyMachine(program, accel)),
    ]);
    return await runGuest(argv, runFolder, timeoutMs, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeRunFolder(folder: string, user: QemuUser | undefined): Promise<string> {
  const runFolder = join(folder, "run");
  await mkdir(runFolder, { mode: 0o700 });
  const disk = join(runFolder, "disk");
  await writeFile(disk, bootSector(), { mode: 0o600 });
  await truncate(disk, bootDiskBytes);
  if (user) for (const path of [disk, runFolder]) await chown(path, user.uid, user.gid);
  return runFolder;
}

const tinyMachine = (program: string, accel: Machine["accel"]): Machine => ({
  program,
  name: "mcp-accel-probe",
  model: "pc",
  accel,
  memoryMiB: 16,
  vcpus: 1,
  disks: [{ path: "disk", format: "raw", readOnly: true }],
  ports: [],
  mayConnectOut: false,
  serial: "serial",
  channels: [],
  shares: [],
  qmp: ["qmp"],
  hasDebugExit: true,
});

class GuestStopped extends Error {
  readonly state: string;
  constructor(state: string) {
    super(state);
    this.state = state;
  }
}

async function runGuest(
  argv: readonly string[],
  cwd: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Proof> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  let isOver = false;
  const watching = openQmp(cwd, "qmp", stop.signal, { timeoutMs, isStarting: async () => !isOver })
    .then((qmp) => stoppedState(qmp))
    .then((state) => state !== undefined && stop.abort(new GuestStopped(state)))
    // That the guest has left, and QMP with it, is what is hoped for.
    .catch(() => {});
  try {
    const { exitCode, stderr } = await run(argv, {
      ...{ cwd, timeoutMs, signal: stop.signal, anyExitCode: true },
      env: Object.fromEntries(
        Object.keys(process.env).map((name) => [name, name === "PATH" ? process.env.PATH : undefined]),
      ),
    });
    return exitCode === bootSectorExitCode ? { ok: true } : refused(exitCode, stderr);
  } catch (error) {
    if (error instanceof GuestStopped) return stopped(error.state);
    if (isProblem(error) && error.code === "tool_timeout") return hung(timeoutMs);
    throw error;
  } finally {
    isOver = true;
    signal.removeEventListener("abort", onAbort);
    stop.abort();
    await watching;
  }
}

/** The state that a guest stopped in, such as `internal-error`; undefined if it left. QEMU itself then waits for ever. */
async function stoppedState(qmp: Qmp): Promise<string | undefined> {
  try {
    const events = qmp.events();
    for (;;) {
      const state = await runState(qmp);
      if (state === "internal-error") return state;
      if ((await events.next()).done) return undefined;
    }
  } finally {
    qmp.close();
  }
}

const stopped = (state: string): Proof => ({
  ok: false,
  why: `/dev/kvm opens, but a guest on it stops at once (${state})`,
  hint: "where this machine is itself virtual, turn on nested virtualization on its host",
  isLasting: true,
});

const hung = (timeoutMs: number): Proof => ({
  ok: false,
  why: `/dev/kvm opens, but a guest on it did nothing within ${timeoutMs / 1_000} s`,
  hint: "see whether the machine is overloaded: uptime; where it is itself virtual, turn on nested virtualization on its host",
  isLasting: false,
});

/** Pure. QEMU's first complaint is the reason, what follows it are consequences; a warning is neither. */
export function refused(exitCode: number, stderr: string): Proof {
  const complaints = stderr.split("\n").filter((text) => text.trim() !== "" && !/\bwarning: /.test(text));
  const complaint = complaints[0]?.replace(/^\S*qemu-system-x86_64: /, "").slice(0, 300);
  const mayNotOpen = /permission denied/i.test(complaint ?? "");
  return {
    ok: false,
    why: `QEMU with KVM ends with exit code ${exitCode}${complaint === undefined ? "" : `: ${complaint}`}`,
    hint: mayNotOpen
      ? "let QEMU's user open it: chgrp kvm /dev/kvm && chmod 660 /dev/kvm, and, unless the agent is root, usermod -aG kvm <user>"
      : "see whether the CPU has virtualization, and the firmware has it on: grep -cE 'vmx|svm' /proc/cpuinfo",
    // Killed from outside, by the kernel for want of memory, say.
    isLasting: exitCode !== 137,
  };
}
