import { isProblem, Problem } from "@mcp/base";
import type { Run } from "@mcp/host";

/** The arguments of `sqfstar`, which reads a tar archive from its standard input. */
export const sqfstarArgv = (disk: string): readonly string[] => [
  "sqfstar",
  ...["-comp", "lz4", "-reproducible"],
  ...["-root-mode", "0755", "-root-uid", "0", "-root-gid", "0"],
  ...["-no-progress", "-quiet"],
  disk,
];

/**
 * Make a disk of a tar archive: the same disk of the same archive, whenever it is made.
 *
 * @param newest  when the newest of the archive's entries was changed, in seconds since the epoch. sqfstar (4.5) gives the time of the
 *   build to the disk, its root folder and each folder that is only implied, whatever its options say, but lets no time be
 *   later than SOURCE_DATE_EPOCH.
 * @throws Problem `disk_full`, `tool_missing`, `tool_failed`, `tool_timeout`.
 */
export async function makeRootDisk(
  tar: string,
  newest: number,
  disk: string,
  run: Run,
  signal: AbortSignal,
): Promise<void> {
  try {
    const env = { SOURCE_DATE_EPOCH: String(newest) };
    await run(sqfstarArgv(disk), { stdinPath: tar, timeoutMs: 10 * 60_000, env, signal });
  } catch (error) {
    if (!isProblem(error)) throw error;
    if (error.code === "tool_missing")
      throw new Problem("tool_missing", error.message, "install it: apt install squashfs-tools", {
        cause: error,
      });
    if (/no space left/i.test(error.message))
      throw new Problem("disk_full", `no space left to write ${disk}`, "make room: df -h", {
        cause: error,
      });
    throw error;
  }
}
