import { access, constants, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Finding } from "./vm-checks.ts";

const leastBytes = 1024 ** 3;

/** Whether a folder, which is made when it is needed, can be written, and how much room its disk has. */
export async function findRoom(path: string): Promise<Finding> {
  const there = await nearest(path);
  const mayWrite = await access(there, constants.W_OK | constants.X_OK).then(
    () => undefined,
    ({ code }: NodeJS.ErrnoException) => code,
  );
  if (mayWrite !== undefined)
    return {
      ok: false,
      why: `${there} cannot be written (${mayWrite})`,
      hint: `look at: ls -ld ${there}; findmnt --target ${there}`,
    };
  const { bsize, blocks, bavail } = await statfs(there);
  const text = `${path}, ${inGiB(bavail * bsize)} of ${inGiB(blocks * bsize)} GiB free`;
  if (bavail * bsize >= leastBytes) return { ok: true, text };
  return { ok: false, why: text, hint: `free some space: du -xh ${there} | sort -h | tail` };
}

async function nearest(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== "ENOENT",
  );
  return isThere || dirname(path) === path ? path : nearest(dirname(path));
}

const inGiB = (bytes: number): string => (bytes / 1024 ** 3).toFixed(1);
