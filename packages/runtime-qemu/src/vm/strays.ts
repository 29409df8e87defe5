import { readdirSync, readlinkSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { realClock } from "@mcp/host";
import { endProcess } from "../process/end-process.ts";
import { identityOf, type ProcessIdentity } from "../process/process-identity.ts";
import type { VmFolder } from "./vm-folder.ts";

/**
 * QEMUs that run in a folder of ours and that no record leads to: somebody removed or emptied the folder while they ran.
 * They are found by where they were started, which the kernel keeps, also of what was removed since.
 */
export async function findStrays(folder: VmFolder): Promise<ProcessIdentity[]> {
  const run = join(await realpath(dirname(folder.path)), basename(folder.path), basename(folder.run));
  // The kernel answers from its memory: by promises it took three times as long, at each start.
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isOf(run, name));
  const identities = await Promise.all(pids.map((pid) => identityOf(Number(pid))));
  return identities.filter((identity) => identity !== undefined);
}

/**
 * Returns once they are gone: how many there were.
 * @throws Problem `runtime_timeout` if one does not go, beside which no other may be started.
 */
export async function endStrays(folder: VmFolder): Promise<number> {
  const strays = await findStrays(folder);
  const { signal } = new AbortController();
  for (const stray of strays) await endProcess(stray, realClock, signal);
  return strays.length;
}

function isOf(run: string, pid: string): boolean {
  try {
    const at = readlinkSync(`/proc/${pid}/cwd`);
    if (at !== run && at !== `${run} (deleted)`) return false;
    // A person's shell may stand there as well.
    return /^(qemu-system-|virtiofsd)/.test(basename(readlinkSync(`/proc/${pid}/exe`)));
  } catch {
    // It ended meanwhile, or is somebody else's.
    return false;
  }
}
