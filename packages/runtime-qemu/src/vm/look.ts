import { stat } from "node:fs/promises";
import type { Workload, WorkloadExit, WorkloadState } from "@mcp/runtime";
import { readExit } from "../process/exit-record.ts";
import { isAlive, type ProcessIdentity, readIdentity } from "../process/process-identity.ts";
import { complaintIn } from "../process/qemu-complaint.ts";
import { exitOf } from "./exit.ts";
import { type GuestWords, readErrors, readGuestWords, readKernelWords } from "./guest-words.ts";
import type { VmFolder } from "./vm-folder.ts";
import type { BootRecord, VmRecord } from "./vm-record.ts";

/** What is known of a virtual machine now, from its folder and from the process table. */
export interface Sight {
  readonly state: WorkloadState;
  /** QEMU's, while it runs. */
  readonly process?: ProcessIdentity;
  readonly startedAtMs?: number;
  readonly exit?: WorkloadExit;
}

export interface LookDeps {
  /** The host's, now. */
  readonly bootId: string;
  readonly isStopping: (name: string) => boolean;
}

/** A keeper has this long to write down what it saw, once its QEMU is gone. */
const keeperWritesWithinMs = 200;

export async function lookAt(folder: VmFolder, record: VmRecord, deps: LookDeps): Promise<Sight> {
  const { boot } = record;
  if (!boot) return { state: "created" };
  const process = boot.bootId === deps.bootId ? await readIdentity(folder.pid) : undefined;
  if (process && (await isAlive(process))) return whileAlive(folder, record, boot, process, deps);
  const hasBooted = (await modifiedAtMs(folder.pid)) !== undefined;
  // Killed between the intent and QEMU: nothing runs, and nothing ever ran.
  if (!hasBooted) return { state: "created" };
  return { state: "exited", exit: await endingOf(folder, boot, process) };
}

async function whileAlive(
  folder: VmFolder,
  record: VmRecord,
  boot: BootRecord,
  process: ProcessIdentity,
  { isStopping }: LookDeps,
): Promise<Sight> {
  const words = await readGuestWords(folder, boot.outputs);
  const startedAtMs = await modifiedAtMs(folder.pid);
  const state = isStopping(record.spec.name) ? "stopping" : hasStarted(words, boot) ? "running" : "starting";
  return { state, process, ...(startedAtMs !== undefined && { startedAtMs }) };
}

/** A guest with a status file says so; of another the first byte must do. */
export const hasStarted = ({ status, hasSpoken, isFlooded }: GuestWords, { outputs }: BootRecord): boolean =>
  outputs.status === undefined ? hasSpoken : status.includes("started") || isFlooded;

/** Boots of which no keeper said how they ended: nobody waits for its word a second time. */
const unsaid = new Set<string>();

/** @param justNow  whose end it is, if that is of this boot of the host, and its keeper may still be about to write. */
async function endingOf(
  folder: VmFolder,
  boot: BootRecord,
  justNow: ProcessIdentity | undefined,
): Promise<WorkloadExit> {
  const deadline = Date.now() + keeperWritesWithinMs;
  const mayWait = justNow !== undefined && !unsaid.has(boot.id);
  let qemu = await exitRecord(folder, justNow);
  while (!qemu && mayWait && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    qemu = await exitRecord(folder, justNow);
  }
  if (!qemu && mayWait) unsaid.add(boot.id);
  const atMs = qemu?.atMs ?? (await modifiedAtMs(folder.pid)) ?? Date.now();
  const { status } = await readGuestWords(folder, boot.outputs);
  const failure = (await readErrors(folder.failure)).trim();
  return exitOf({
    atMs: Math.trunc(atMs),
    ...(qemu && { qemu }),
    status,
    ...(failure !== "" && { failure }),
    ...(await readKernelWords(folder)),
    complaint: complaintIn(await readErrors(folder.errors)),
    hasDebugExit: boot.hasDebugExit,
  });
}

/** What is there may still be about an earlier process. */
async function exitRecord(folder: VmFolder, whose: ProcessIdentity | undefined) {
  const record = await readExit(folder.exit);
  return whose && record?.identity.startTicks !== whose.startTicks ? undefined : record;
}

async function modifiedAtMs(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => Math.trunc(mtimeMs),
    () => undefined,
  );
}

export function toWorkload({ spec }: VmRecord, sight: Sight): Workload {
  const { name, kind, labels, image, ports } = spec;
  return {
    name,
    kind,
    labels,
    state: sight.state,
    imageDigest: image.digest,
    imageReference: image.reference,
    ports,
    ...(spec.attachment && { address: spec.attachment.address }),
    ...(sight.process && { pid: sight.process.pid }),
    ...(sight.startedAtMs !== undefined && { startedAtMs: sight.startedAtMs }),
    ...(sight.exit && { exit: sight.exit }),
  };
}
