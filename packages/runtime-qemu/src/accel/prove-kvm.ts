import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem } from "@mcp/base";
import { run } from "@mcp/host";
import { asUser, type QemuUser } from "../confinement/qemu-user.ts";
import { qemuArgv } from "../machine/argv.ts";
import type { Machine } from "../machine/machine.ts";
import { runState } from "../qmp/commands.ts";
import { openQmp, type Qmp } from "../qmp/qmp.ts";
import { readErrors } from "../vm/guest-words.ts";
import { guestCode, guestExitCode } from "./guest-code.ts";
import { writePvhKernel } from "./pvh-kernel.ts";
import { crashed, hung, judged, type Proof, refused, stopped } from "./verdicts.ts";

export interface ProofOptions {
  readonly program: string;
  readonly user: QemuUser | undefined;
  /** What is to be proven; a test proves `tcg`, which works everywhere. */
  readonly accel?: "kvm" | "tcg";
  readonly timeoutMs?: number;
}

/** The machines that guests run on: microVMs and unikernels. The first is the quickest to show what is wrong. */
const models = ["microvm", "q35"] as const;

/**
 * Whether guests run here by KVM: a device that opens proves nothing, so one is run that does what a kernel does, and some
 * work (see `guestListing`): on each machine that virtual machines have, as their user, with their arguments, and confined as
 * they are. It has an answer to give, and little time.
 *
 * @param options.timeoutMs  for each guest. Default 5 000; a tenth of a second is usual.
 */
export async function proveKvm(options: ProofOptions, signal: AbortSignal): Promise<Proof> {
  for (const model of models) {
    const proof = await proveOn(model, options, signal);
    if (!proof.ok) return proof;
  }
  return { ok: true };
}

async function proveOn(
  model: Machine["model"],
  { program, user, accel = "kvm", timeoutMs = 5_000 }: ProofOptions,
  signal: AbortSignal,
): Promise<Proof> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-accel-"));
  try {
    const runFolder = join(folder, "run");
    await mkdir(runFolder, { mode: 0o700 });
    const kernel = await writePvhKernel(runFolder, guestCode(), user);
    if (user) await chown(runFolder, user.uid, user.gid);
    // It has nothing to outlive the agent for.
    const argv = asUser(user, [
      ...["setpriv", "--pdeathsig=KILL", "--"],
      ...qemuArgv({ ...tinyMachine, program, accel, model, kernel }),
    ]);
    return await runGuest(argv, runFolder, timeoutMs, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const tinyMachine = {
  name: "mcp-accel-probe",
  memoryMiB: 32,
  vcpus: 1,
  disks: [],
  network: { by: "user", ports: [], mayConnectOut: false },
  serial: "serial",
  channels: [],
  shares: [],
  qmp: ["qmp"],
  hasDebugExit: true,
} as const satisfies Partial<Machine>;

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
    if (exitCode === 0) return crashed;
    if (exitCode !== guestExitCode) return refused(exitCode, stderr);
    return judged(await readErrors(join(cwd, "serial")));
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
