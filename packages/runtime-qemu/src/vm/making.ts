import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, Problem } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";
import { removeTree } from "./remove-tree.ts";
import { VmFolder } from "./vm-folder.ts";
import { type VmRecord, writeRecord } from "./vm-record.ts";

/** What begins like this is half made or half removed, and nobody's. */
const beside = { making: ".new-", removing: ".gone-" } as const;

/**
 * A folder with its record, there as a whole or not at all.
 * @throws Problem `spec_conflict` if something that is not ours has the name.
 */
export async function makeVm(stateDir: string, spec: WorkloadSpec, clock: Clock): Promise<VmRecord> {
  const folder = VmFolder.of(stateDir, spec.name);
  const record: VmRecord = { v: 1, token: randomBytes(16).toString("hex"), spec, createdAtMs: clock.now() };
  const half = join(stateDir, `${beside.making}${randomBytes(6).toString("hex")}`);
  await mkdir(half, { recursive: true });
  try {
    // Passable, since QEMU must reach its own folder inside, and not to be listed.
    await chmod(half, 0o711);
    await writeRecord(VmFolder.at(half), record);
    await rename(half, folder.path);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR")
      throw strangersName(spec.name, folder);
    throw error;
  }
  return record;
}

/** First out of the way in one step, so that a kill in the middle leaves nothing that looks like a virtual machine. */
export async function removeVm(stateDir: string, folder: VmFolder): Promise<void> {
  const gone = join(stateDir, `${beside.removing}${randomBytes(6).toString("hex")}`);
  try {
    await rename(folder.path, gone);
  } catch (error) {
    // Somebody removed it by hand meanwhile.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  await removeTree(gone);
}

/** What was cut short in making or removing. Only for who has the state folder alone, at its beginning. */
export async function removeHalves(stateDir: string): Promise<void> {
  for (const name of await readdir(stateDir).catch(() => [])) {
    const isHalf = Object.values(beside).some((prefix) => name.startsWith(prefix));
    if (isHalf) await removeTree(join(stateDir, name));
  }
}

export function strangersName(name: string, { path }: VmFolder): Problem {
  return new Problem(
    "spec_conflict",
    `${path} is there, and holds no virtual machine of ours`,
    `see what it is, and move it away, since ${name} needs the place: ls -la ${path}`,
  );
}

export const otherSettings = (name: string): Problem =>
  new Problem(
    "spec_conflict",
    `${name} is there already, with other settings`,
    "a changed definition gets a new instance: deploy it again",
  );
