import { isProblem, Problem } from "@mcp/base";
import type { Run } from "@mcp/host";

/**
 * The arguments of `sqfstar`, which reads a tar archive from its standard input. Times, the root folder's owner and mode and the
 * order of what is written depend on nothing but the archive, so the same archive is the same disk.
 */
export const sqfstarArgv = (disk: string): readonly string[] => [
  "sqfstar",
  ...["-comp", "lz4"],
  ...[
    "-reproducible",
    "-mkfs-time",
    "0",
    "-root-time",
    "0",
    "-root-mode",
    "0755",
    "-root-uid",
    "0",
    "-root-gid",
    "0",
  ],
  ...["-exit-on-error", "-no-progress", "-quiet"],
  disk,
];

/** @throws Problem `disk_full`, `tool_missing`, `tool_failed`, `tool_timeout`. */
export async function makeRootDisk(tar: string, disk: string, run: Run, signal: AbortSignal): Promise<void> {
  try {
    // Set, it would be taken for the times, against the options.
    const env = { SOURCE_DATE_EPOCH: undefined };
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
