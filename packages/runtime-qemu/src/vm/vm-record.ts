import { readFile } from "node:fs/promises";
import { isProblem, Problem } from "@mcp/base";
import { writeFileAtomic } from "@mcp/host";
import type { WorkloadSpec } from "@mcp/runtime";
import type { GuestOutputs } from "../guest/guest-image.ts";
import { isTapName } from "../network/tap-name.ts";
import type { VmFolder } from "./vm-folder.ts";

/** What `vm.json` keeps of a virtual machine. */
export interface VmRecord {
  readonly v: 1;
  /** Of this making, in hex: what a handle names, since a name may be another's by the time it is read. */
  readonly token: string;
  readonly spec: WorkloadSpec;
  readonly createdAtMs: number;
  /** The last time it was booted; absent until the first. */
  readonly boot?: BootRecord;
}

export interface BootRecord {
  /** Of this boot, in hex. */
  readonly id: string;
  /** The host's, without which the pid means nothing. */
  readonly bootId: string;
  readonly imageKey: string;
  readonly accel: "kvm" | "tcg";
  readonly outputs: GuestOutputs;
  /** The guest ends QEMU with `(code << 1) | 1`. */
  readonly hasDebugExit: boolean;
  /** Its TAP device, where it is on a bridge. */
  readonly tap?: string;
}

const version = 1;

export async function writeRecord(folder: VmFolder, record: VmRecord): Promise<void> {
  await writeFileAtomic(folder.record, `${JSON.stringify(record, undefined, 2)}\n`);
}

/**
 * Undefined where there is no virtual machine of ours.
 * @throws Problem `runtime_failed` if the record cannot be understood: something is there, and nobody may guess what.
 */
export async function readRecord(folder: VmFolder): Promise<VmRecord | undefined> {
  let text: string;
  try {
    text = await readFile(folder.record, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Problem(
      "runtime_failed",
      `the record of a virtual machine cannot be read: ${(error as Error).message}`,
      `look at: ls -l ${folder.path}`,
      { cause: error },
    );
  }
  try {
    return parseRecord(text, folder);
  } catch (error) {
    if (isProblem(error)) throw error;
    throw new Problem(
      "runtime_failed",
      `${folder.record} is damaged`,
      `what it says is lost: end its QEMU if it has one (${folder.pid}), and remove ${folder.path}`,
      { cause: error },
    );
  }
}

function parseRecord(text: string, folder: VmFolder): VmRecord {
  const record = JSON.parse(text) as Partial<VmRecord> | null;
  if (typeof record?.v === "number" && record.v > version) {
    throw new Problem(
      "runtime_failed",
      `${folder.record} is of version ${record.v}, and this agent reads them up to ${version}`,
      "upgrade the agent to at least the version that made it",
    );
  }
  const { token, spec, createdAtMs } = record ?? {};
  if (typeof token !== "string" || typeof createdAtMs !== "number") throw new Error("no token or no time");
  if (typeof spec?.name !== "string" || typeof spec.labels?.specHash !== "string") throw new Error("no spec");
  if (!Array.isArray(spec.ports) || typeof spec.image?.digest !== "string") throw new Error("no whole spec");
  const { boot } = record ?? {};
  if (boot !== undefined && !isBoot(boot)) throw new Error("no whole boot");
  return record as VmRecord;
}

/** The outputs become paths. */
function isBoot({ id, bootId, outputs, tap }: Partial<BootRecord>): boolean {
  const isName = (name: unknown): boolean => typeof name === "string" && /^[a-z][a-z0-9.-]*$/.test(name);
  const { stdout, stderr = "none", status = "none" } = outputs ?? {};
  if (tap !== undefined && !isTapName(tap)) return false;
  return typeof id === "string" && typeof bootId === "string" && [stdout, stderr, status].every(isName);
}
