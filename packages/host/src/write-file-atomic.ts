import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Problem } from "@mcp/base";
import { replaceFile } from "./replace-file.ts";

export interface WriteOptions {
  /** Permission bits, whatever the umask says. Default 0o600. */
  readonly mode?: number;
}

/**
 * Write a file so that a reader, also one after a crash or a power cut, sees the old content or the new, never a part:
 * written beside, synced, then renamed.
 *
 * @throws Problem `disk_full`, `permission_denied`, `file_not_found` (no such folder).
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o600 }: WriteOptions = {},
): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await replaceFile(path, beside, () => writeAndSync(beside, data, mode));
  } catch (error) {
    throw asWriteProblem(path, error);
  }
}

async function writeAndSync(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

function asWriteProblem(path: string, error: unknown): unknown {
  const options = { cause: error };
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOSPC":
    case "EDQUOT":
      return new Problem(
        "disk_full",
        `no space left to write ${path}`,
        `make room: df -h ${dirname(path)}`,
        options,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new Problem(
        "permission_denied",
        `may not write ${path}`,
        `look at: ls -ld ${dirname(path)}`,
        options,
      );
    case "ENOENT":
    case "ENOTDIR":
      return new Problem(
        "file_not_found",
        `cannot write ${path}: its folder is not there`,
        `make it: mkdir -p ${dirname(path)}`,
        options,
      );
    default:
      return error;
  }
}
