import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Problem } from "@mcp/base";
import type { Run } from "@mcp/host";
import { asUser, type QemuUser } from "./qemu-user.ts";

/**
 * That the user whom QEMU runs as reaches a folder, or, where it is not there yet, what will be above it.
 *
 * @throws Problem `runtime_unavailable` that names the first folder on the way through which it cannot pass.
 */
export async function requirePassable(
  path: string,
  user: QemuUser | undefined,
  run: Run,
  signal: AbortSignal,
): Promise<void> {
  if (!user) return;
  for (const folder of await wayTo(path)) {
    if (await mayPass(folder, user, run, signal)) continue;
    throw new Problem(
      "runtime_unavailable",
      `virtual machines run as ${user.name}, who cannot pass through ${folder} to ${path}`,
      `let others pass through it, which does not let them list it: chmod o+x ${folder}`,
    );
  }
}

/** From the root down, as far as it is there. */
async function wayTo(path: string): Promise<string[]> {
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if ((error.code === "ENOENT" || error.code === "ENOTDIR") && path !== dirname(path)) return undefined;
    throw error;
  });
  if (real === undefined) return wayTo(dirname(path));
  const above = (folder: string): string[] =>
    folder === dirname(folder) ? [folder] : [...above(dirname(folder)), folder];
  return above(real);
}

async function mayPass(folder: string, user: QemuUser, run: Run, signal: AbortSignal): Promise<boolean> {
  const { mode, uid, gid } = await stat(folder);
  const isInGroup = gid === user.gid || user.groups.includes(gid);
  const bit = uid === user.uid ? 0o100 : isInGroup ? 0o010 : 0o001;
  if ((mode & bit) !== 0) return true;
  // There are access lists as well, of which the mode does not tell.
  const argv = asUser(user, ["test", "-x", folder]);
  return (await run(argv, { timeoutMs: 10_000, signal, anyExitCode: true })).exitCode === 0;
}
