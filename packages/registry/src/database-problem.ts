import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { Problem } from "@mcp/base";

/**
 * What SQLite or the file system says about a database file, as the `Problem` that a person can do something about:
 * `disk_full`, `database_read_only`, `permission_denied`, `database_failed`. Anything else, such as a broken
 * constraint, is a bug and comes back as it is.
 */
export function asDatabaseProblem(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== "string") return error;
  switch (code.startsWith("SQLITE_") ? primaryCode(code) : code) {
    case "SQLITE_FULL":
    case "ENOSPC":
    case "EDQUOT":
      return diskFull(path, error);
    case "SQLITE_READONLY":
      return code === "SQLITE_READONLY_DBMOVED" ? moved(path, error) : readOnly(path, error);
    case "EROFS":
      return readOnly(path, error);
    case "EACCES":
    case "EPERM":
      return denied(path, error);
    case "SQLITE_IOERR":
    case "SQLITE_CANTOPEN":
    case "SQLITE_PERM":
      return whyInaccessible(path, error);
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
      return failed(path, "another program holds its lock", `see which one: fuser -v ${path}`, error);
    case "SQLITE_NOTADB":
      return failed(path, "it is not a database", "move the file away, or name another in the config", error);
    case "SQLITE_CORRUPT":
      return failed(path, "it is damaged", `put a snapshot in its place; copies: ls ${path}.before-*`, error);
    case "EISDIR":
    case "ENOTDIR":
    case "EEXIST":
    case "ELOOP":
    case "ENAMETOOLONG":
      return failed(path, "there cannot be a file of that name", `look at: ls -ld ${path}`, error);
    default:
      return error;
  }
}

/** `SQLITE_IOERR_SHMSIZE` is a kind of `SQLITE_IOERR`. */
const primaryCode = (code: string): string => code.split("_").slice(0, 2).join("_");

export const failed = (path: string, what: string, hint: string, cause?: unknown): Problem =>
  new Problem("database_failed", `the database ${path} cannot be used: ${what}`, hint, { cause });

export const readOnly = (path: string, cause?: unknown): Problem =>
  new Problem(
    "database_read_only",
    existsSync(path)
      ? `the database ${path} can be read but not written; nothing was changed`
      : `the database ${path} is not there and cannot be made: its file system is read-only`,
    `see why: ls -ld ${dirname(path)} ${path}; findmnt -T ${path}`,
    { cause },
  );

export const denied = (path: string, cause?: unknown): Problem =>
  new Problem(
    "permission_denied",
    `no permission to use the database ${path}`,
    `look at: ls -ld ${dirname(path)} ${path}`,
    { cause },
  );

const diskFull = (path: string, cause: unknown): Problem =>
  new Problem(
    "disk_full",
    `no space left for the database ${path}; nothing was changed`,
    `make room: df -h ${dirname(path)}`,
    { cause },
  );

const moved = (path: string, cause: unknown): Problem =>
  failed(
    path,
    "the file was moved or deleted while it was in use",
    "put it back, then restart the agent",
    cause,
  );

/**
 * SQLite says "disk I/O error" and "unable to open" for a full disk, a read-only mount and a missing permission alike,
 * so the file system is asked.
 */
function whyInaccessible(path: string, error: unknown): Problem {
  if (isFull(path)) return diskFull(path, error);
  if (!mayAccess(dirname(path), constants.X_OK)) return denied(path, error);
  if (!existsSync(path))
    return mayAccess(dirname(path), constants.W_OK) ? moved(path, error) : denied(path, error);
  if (!mayAccess(path, constants.R_OK)) return denied(path, error);
  if (!isWritable(path)) return readOnly(path, error);
  const said = (error as Error).message;
  return failed(path, said, `look for errors of the disk: dmesg | tail; df -h ${dirname(path)}`, error);
}

/** The write-ahead log lies beside the file, so its folder counts too. */
export const isWritable = (path: string): boolean =>
  mayAccess(path, constants.W_OK) && mayAccess(dirname(path), constants.W_OK);

export function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/**
 * Not asked with a time limit, as other disks are: SQLite has just worked on this very folder, as synchronously, so that one
 * which hangs has held up the agent before this.
 */
function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < 64 * 1024;
  } catch {
    return false;
  }
}
