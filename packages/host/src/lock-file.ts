import { spawn } from "node:child_process";
import type { FileHandle } from "node:fs/promises";
import { Problem } from "@mcp/base";
import { couldNotStart } from "./could-not-start.ts";

export interface LockOptions {
  /** For how long to wait for another who has it. Default 0: not at all. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Lock a file against all others who do so, also in this process. The kernel holds the lock with the open file, and gives it
 * up when that is closed or the process ends, however it ends, so nobody has to guess whether an old one is still meant.
 *
 * Node cannot lock a file by itself: `flock` locks the open file that it inherits, and leaves; the lock stays with the file.
 *
 * @returns false if another has it.
 * @throws Problem `tool_missing`; `tool_failed` where the file system knows no locks. An abort rethrows `signal.reason`.
 * @example const file = await open("/srv/mcp/.lock", "a"); if (!(await lockFile(file))) await file.close();
 */
export async function lockFile(file: FileHandle, options: LockOptions = {}): Promise<boolean> {
  const { waitMs = 0, signal } = options;
  signal?.throwIfAborted();
  const wait = waitMs === 0 ? ["--nonblock"] : ["--timeout", String(waitMs / 1_000)];
  const child = spawn("flock", [...wait, "3"], { stdio: ["ignore", "ignore", "ignore", file.fd] });
  const onAbort = () => child.kill();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    }).catch((cause: NodeJS.ErrnoException) => {
      throw couldNotStart("flock", cause, "util-linux");
    });
    signal?.throwIfAborted();
    if (code === 0) return true;
    if (code === 1) return false;
    throw new Problem(
      "tool_failed",
      `a file could not be locked: flock ended with ${code}`,
      "put what is kept there on a file system that knows locks",
    );
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
