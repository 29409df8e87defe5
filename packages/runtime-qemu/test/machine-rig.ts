import { chmod, chown, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { expect } from "vitest";
import { writePvhKernel } from "../src/accel/pvh-kernel.ts";
import { asUser, type QemuUser } from "../src/confinement/qemu-user.ts";
import { qemuArgv } from "../src/machine/argv.ts";
import type { Machine } from "../src/machine/machine.ts";
import { type ExitRecord, readExit } from "../src/process/exit-record.ts";
import { findProgram } from "../src/process/find-program.ts";
import { type KeeperFiles, startKept } from "../src/process/keeper.ts";
import { isAlive, type ProcessIdentity, signalTo } from "../src/process/process-identity.ts";

const program = await findProgram("qemu-system-x86_64");
const hasSetpriv = (await findProgram("setpriv")) !== undefined;

/** Why real machines cannot be run here, or undefined. */
export const machinesMissing =
  program === undefined
    ? "qemu-system-x86_64 is not installed (apt install qemu-system-x86)"
    : hasSetpriv
      ? undefined
      : "setpriv is not installed (apt install util-linux)";

export const isRoot = process.getuid?.() === 0;

/** Whom QEMU runs as in these tests. */
export const qemuUser: QemuUser | undefined = isRoot
  ? { name: "nobody", uid: 65_534, gid: 65_534, groups: [] }
  : undefined;

/** Folders of its own for one test, and what was started in them: all of it is gone after `close`. */
export class MachineRig {
  readonly folder: string;
  readonly run: string;
  readonly files: KeeperFiles;
  readonly #started: ProcessIdentity[] = [];

  private constructor(folder: string, runName: string) {
    this.folder = folder;
    this.run = join(folder, runName);
    this.files = { pid: join(folder, "pid"), exit: join(folder, "exit"), errors: join(folder, "errors") };
  }

  static async open(runName = "run"): Promise<MachineRig> {
    const folder = await mkdtemp(join(tmpdir(), "mcpt-"));
    await chmod(folder, 0o711);
    const rig = new MachineRig(folder, runName);
    await mkdir(rig.run, { recursive: true, mode: 0o700 });
    if (qemuUser) await chown(rig.run, qemuUser.uid, qemuUser.gid);
    return rig;
  }

  /** A disk in the run folder that boots into these instructions. */
  async writeDisk(code: readonly number[], name = "disk"): Promise<void> {
    const path = join(this.run, name);
    const sector = new Uint8Array(512);
    sector.set(code);
    sector.set([0x55, 0xaa], 510);
    await writeFile(path, sector, { mode: 0o600 });
    await truncate(path, 1024 * 1024);
    if (qemuUser) await chown(path, qemuUser.uid, qemuUser.gid);
  }

  /** A kernel in the run folder that is these instructions, of 32 bits. */
  async writeKernel(code: readonly number[]): Promise<NonNullable<Machine["kernel"]>> {
    return {
      ...(await writePvhKernel(this.run, Uint8Array.from(code), qemuUser)),
      commandLine: 'x="a, b"',
    };
  }

  async start(machine: Machine): Promise<ProcessIdentity> {
    return this.keep(asUser(qemuUser, qemuArgv(machine)));
  }

  async keep(argv: readonly string[]): Promise<ProcessIdentity> {
    const identity = await startKept({ cwd: this.run, argv, files: this.files });
    this.#started.push(identity);
    return identity;
  }

  /** To be ended with the rig, though another process started it. */
  adopt(identity: ProcessIdentity): void {
    this.#started.push(identity);
  }

  /** What the keeper recorded, once it has; QEMU's complaints are shown where it does not come. */
  async end(): Promise<ExitRecord> {
    const errors = await readFile(this.files.errors, "utf8").catch(() => "");
    await expect.poll(() => readExit(this.files.exit), { message: errors, interval: 20 }).toBeDefined();
    const record = await readExit(this.files.exit);
    if (!record) throw new Error("the record is gone again");
    return record;
  }

  errors(): Promise<string> {
    return readFile(this.files.errors, "utf8");
  }

  async close(): Promise<void> {
    for (const identity of this.#started) {
      await signalTo(identity, "SIGKILL");
      while (await isAlive(identity)) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // A keeper may be writing down the end of what was just killed.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 10 });
  }
}

/** A machine that boots from `disk` in its run folder, and does no more than that. */
export const machineOf = (more: Partial<Machine> = {}): Machine => ({
  program: program ?? "qemu-system-x86_64",
  name: "test",
  model: "pc",
  accel: "tcg",
  memoryMiB: 32,
  vcpus: 1,
  disks: [{ path: "disk", format: "raw", readOnly: true }],
  network: { by: "user", ports: [], mayConnectOut: false },
  serial: "serial",
  channels: [],
  shares: [],
  qmp: ["qmp", "events"],
  hasDebugExit: true,
  ...more,
});

/** Instructions of a boot sector (16 bits), or of a kernel (32 bits). */
const instructions = (setDx: readonly number[]) => ({
  /** On the serial line. */
  print: (text: string): number[] => [
    ...[...setDx, 0xf8, 0x03], // mov dx, 0x3f8
    ...[...Buffer.from(text)].flatMap((byte) => [0xb0, byte, 0xee]), // mov al, byte; out dx, al
  ],
  /** QEMU ends with `(code << 1) | 1`. */
  leaveWith: (code: number): number[] => [...setDx, 0x01, 0x05, 0xb0, code, 0xee],
  /** As a guest that does nothing. */
  wait: [0xf4, 0xeb, 0xfd], // hlt; jmp to the hlt
});
export const sector = instructions([0xba]);
export const kernelCode = instructions([0x66, 0xba]);

/** The keeper: the parent of what it keeps. */
export async function keeperOf({ pid }: ProcessIdentity): Promise<number> {
  return Number(await statusOf(pid, "PPid"));
}

export async function statusOf(pid: number, field: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  return new RegExp(`^${field}:[ \t]*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
}

/** A filesystem so small that it can be filled; undefined where there may be none. */
export async function mountTinyDisk(path: string): Promise<(() => Promise<void>) | undefined> {
  if (!isRoot) return undefined;
  const { exitCode } = await run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "mcpt", path], {
    anyExitCode: true,
  });
  return exitCode === 0 ? async () => void (await run(["umount", "--lazy", path])) : undefined;
}
