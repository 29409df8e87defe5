import { randomBytes } from "node:crypto";
import { chmod, lchown, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { ImageSource } from "@mcp/runtime";
import { asUser, type QemuUser } from "../confinement/qemu-user.ts";
import { withBoundedFiles } from "../console/kept-unread.ts";
import type { GuestImageBuilder } from "../guest/guest-image.ts";
import type { ImageCache } from "../guest/image-cache.ts";
import { qemuArgv } from "../machine/argv.ts";
import type { Machine } from "../machine/machine.ts";
import type { HostGuestNetwork } from "../network/guest-network.ts";
import { readExit } from "../process/exit-record.ts";
import { keeperShell, startKept } from "../process/keeper.ts";
import { isAlive, type ProcessIdentity } from "../process/process-identity.ts";
import { complaintIn } from "../process/qemu-complaint.ts";
import type { Attendance } from "./attendance.ts";
import { BootWatch } from "./boot-watch.ts";
import { endFailedStart, untilWritten } from "./end.ts";
import { isGuestsCode } from "./exit.ts";
import { readErrors, readGuestWords, readSerialEnd } from "./guest-words.ts";
import { hasStarted } from "./look.ts";
import { removeTree } from "./remove-tree.ts";
import { endShares, startShares } from "./shares.ts";
import { startProblem, tooLittleMemory } from "./start-problem.ts";
import type { StateFolder } from "./state-folder.ts";
import { endStrays } from "./strays.ts";
import type { VmFolder } from "./vm-folder.ts";
import { type BootRecord, type VmRecord, writeRecord } from "./vm-record.ts";

export interface BootDeps {
  readonly builder: GuestImageBuilder;
  readonly cache: ImageCache;
  readonly images: ImageSource;
  /** The path of qemu-system-x86_64. */
  readonly program: string;
  readonly qemuUser: QemuUser | undefined;
  readonly accel: "kvm" | "tcg";
  /** Told, and awaited, where a guest stopped under KVM before its program ran: with what QEMU says of it. */
  readonly kvmFailed: (state: string) => Promise<void>;
  readonly mayConnectOut: boolean;
  readonly network: Pick<HostGuestNetwork, "tapOf" | "join" | "attach">;
  readonly bootId: string;
  /** How long a guest has to come up. */
  readonly readyWithinMs: number;
  readonly attendance: Attendance;
  readonly state: StateFolder;
  /**
   * Awaited between any two effects, with its name and the virtual machine's; a test stops there for good, as `kill -9`
   * would. Absent in production.
   */
  readonly faultPoint?: (where: string, name: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Boot what the record describes, and wait until its program runs. What it needs is written down before QEMU is started,
 * so that whoever comes after a kill finds it again.
 *
 * @throws Problem `start_failed`, `port_taken`, `image_not_found`, `image_corrupted`, …; QEMU is gone then.
 */
export async function boot(
  folder: VmFolder,
  earlier: VmRecord,
  deps: BootDeps,
  signal: AbortSignal,
): Promise<void> {
  const { builder, cache, images, program, qemuUser, mayConnectOut, network, attendance, state } = deps;
  const { spec } = earlier;
  const { name } = spec;
  const { memoryMiB = builder.leastMemoryMiB } = spec;
  if (memoryMiB < builder.leastMemoryMiB) throw tooLittleMemory(spec, builder.leastMemoryMiB);
  const at = async (where: string): Promise<void> => deps.faultPoint?.(where, name);
  const { attachment } = spec;
  const tap = attachment && (await network.tapOf(name));
  // Beside what takes longer: the image is read.
  const joined = attachment && tap !== undefined && network.join({ instance: name, tap, attachment }, signal);
  if (joined) joined.catch(() => {});
  const image = await cache.get(builder, spec, images, signal);
  await at("image");
  // Nobody else changes it now, so the record is up to date.
  await attendance.finish(state, folder, earlier, state.changes);
  await clear(folder);
  await at("clear");
  const { outputs, ...parts } = await builder.prepare(
    image,
    spec,
    { run: folder.run, accel: deps.accel },
    signal,
  );
  await at("prepare");
  const boot: BootRecord = {
    id: randomBytes(8).toString("hex"),
    bootId: deps.bootId,
    imageKey: image.key,
    accel: deps.accel,
    outputs,
    hasDebugExit: parts.hasDebugExit,
    ...(tap !== undefined && { tap }),
  };
  const record: VmRecord = { ...earlier, boot };
  await writeRecord(folder, record);
  await at("record");
  const machine: Machine = {
    ...parts,
    program,
    name,
    accel: deps.accel,
    memoryMiB,
    vcpus: spec.vcpus ?? 1,
    network:
      attachment && tap !== undefined
        ? { by: "tap", ifname: tap, mac: attachment.mac }
        : { by: "user", ports: spec.ports, mayConnectOut },
    serial: "serial",
    qmp: ["qmp", "events"],
  };
  try {
    await attendance.prepare(state, folder, name, boot.id, outputs);
    await startShares(folder, machine.shares, deps, signal);
    await at("shares");
    if (joined) await network.attach(await joined, uidOf(qemuUser), signal, at);
    await giveTo(qemuUser, folder.run);
    signal.throwIfAborted();
    const written = [machine.serial, ...machine.channels.map(({ file }) => file)];
    const process = await startKept({
      cwd: folder.run,
      argv: asUser(qemuUser, withBoundedFiles(await keeperShell(), written, qemuArgv(machine))),
      files: { pid: folder.pid, exit: folder.exit, errors: folder.errors },
    });
    await at("qemu");
    attendance.begin(state, folder, record);
    await watchStart(folder, record, boot, process, deps, signal);
    await at("started");
  } catch (error) {
    if (state.booting.has(name)) await attendance.leave(state, name);
    await endFailedStart(error, folder, deps);
  }
}

/**
 * Wait until the program of a QEMU that runs does, too.
 *
 * @throws Problem `start_failed`, `port_taken`, …; QEMU is gone then.
 */
export async function untilStarted(
  folder: VmFolder,
  record: VmRecord,
  boot: BootRecord,
  process: ProcessIdentity,
  deps: Pick<BootDeps, "clock" | "log" | "readyWithinMs" | "kvmFailed">,
  signal: AbortSignal,
): Promise<void> {
  try {
    await watchStart(folder, record, boot, process, deps, signal);
  } catch (error) {
    await endFailedStart(error, folder, deps);
  }
}

async function watchStart(
  folder: VmFolder,
  { spec }: VmRecord,
  boot: BootRecord,
  process: ProcessIdentity,
  { clock, readyWithinMs, kvmFailed }: Pick<BootDeps, "clock" | "readyWithinMs" | "kvmFailed">,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + readyWithinMs;
  using watch = new BootWatch(folder, boot.outputs.status ?? boot.outputs.stdout, clock);
  for (;;) {
    const alive = await isAlive(process);
    if (!alive) await untilWritten(folder, clock, signal);
    // Looked at after that: its last words may be its first.
    const words = await readGuestWords(folder, boot.outputs);
    if (hasStarted(words, boot)) return;
    const failed = words.status
      .map((line) => /^failed (.+)$/.exec(line)?.[1])
      .find((why) => why !== undefined);
    const late = clock.monotonic() > deadline;
    if (failed !== undefined || !alive || late) {
      const ended = alive ? undefined : await readExit(folder.exit);
      const qemuSays = await readErrors(folder.errors);
      // Its QEMU was then ended by us.
      const stoppedAs = alive ? "" : (await readErrors(folder.failure)).trim();
      if (stoppedAs === "" && ended && leftByItself(ended.code, qemuSays, boot)) return;
      if (stoppedAs === "internal-error" && boot.accel === "kvm") await kvmFailed(stoppedAs);
      throw startProblem(spec, {
        qemuSays,
        guestSays: await readSerialEnd(folder),
        accel: boot.accel,
        ...(stoppedAs !== "" && { stoppedAs }),
        ...(failed !== undefined && { programFailed: failed }),
        ...(alive && { waitedMs: readyWithinMs }),
        ...(ended && { qemuExitCode: ended.code }),
      });
    }
    await watch.next(signal);
  }
}

/** A program that ends without a word was started all the same. A QEMU that fails has a word for it. */
const leftByItself = (qemuExitCode: number, qemuSays: string, { hasDebugExit }: BootRecord): boolean =>
  hasDebugExit && isGuestsCode(qemuExitCode, complaintIn(qemuSays));

/** Nothing of an earlier boot may be taken for this one's, or run beside it. The log is kept. */
async function clear(folder: VmFolder): Promise<void> {
  await endStrays(folder);
  await endShares(folder);
  for (const path of [folder.exit, folder.pid, folder.errors, folder.failure])
    await rm(path, { force: true });
  await removeTree(folder.run);
  await mkdir(folder.run, { mode: 0o700 });
}

/** Whose the TAP device is: nobody else may open it. */
const uidOf = (qemuUser: QemuUser | undefined): number => qemuUser?.uid ?? process.getuid?.() ?? 0;

/** Not before all is in it: until then nobody else could put a link in the way of what is written. */
async function giveTo(qemuUser: QemuUser | undefined, run: string): Promise<void> {
  for (const name of await readdir(run)) {
    const path = join(run, name);
    if (qemuUser) await lchown(path, qemuUser.uid, qemuUser.gid);
    await chmod(path, 0o600);
  }
  if (qemuUser) await lchown(run, qemuUser.uid, qemuUser.gid);
}
