import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { Problem } from "@mcp/base";
import { asDatabaseProblem, denied, failed, isWritable, mayAccess, readOnly } from "./database-problem.ts";

/**
 * Make sure that there is a file which this process may write and nobody else may read, in a folder that is there.
 * SQLite gives the files it puts beside it the same mode.
 *
 * An existing file is never opened here: closing any descriptor of it would drop the locks that a connection of this
 * process holds on it.
 *
 * @returns the file's path with links resolved
 */
export function prepareFile(path: string): string {
  try {
    makeFolder(dirname(path));
    if (!existsSync(path)) createPrivate(path);
    const file = realpathSync(path);
    requireFile(file);
    if (!isWritable(file)) throw mayAccess(file, constants.R_OK) ? readOnly(file) : denied(file);
    for (const each of [file, `${file}-wal`, `${file}-shm`]) makePrivate(each);
    return file;
  } catch (error) {
    throw asDatabaseProblem(error, path);
  }
}

/** The path with links resolved. @throws Problem `file_not_found`, `permission_denied`, `database_failed`. */
export function requireReadableFile(path: string): string {
  try {
    const file = realpathSync(path);
    requireFile(file);
    if (!mayAccess(file, constants.R_OK)) throw denied(file);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw asDatabaseProblem(error, path);
    throw new Problem(
      "file_not_found",
      `there is no database ${path}`,
      "start the agent once, which makes it",
      {
        cause: error,
      },
    );
  }
}

/**
 * Others may pass through it, and not list it: by default the folders of virtual machines lie in it, whose QEMU is another
 * user. What is in it is private by its own mode. A folder that is there stays as it was made.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  // One by one: asked for all at once, node says "no such file" of a read-only file system.
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
  // Whatever the umask is.
  chmodSync(folder, 0o711);
}

/** An empty file that nobody else may read at any moment. Fails if there is a file of that name. */
export function createPrivate(path: string): void {
  closeSync(openSync(path, "wx", 0o600));
}

function requireFile(file: string): void {
  if (!statSync(file).isFile()) throw failed(file, "it is not a regular file", `look at: ls -ld ${file}`);
}

/** Other accounts have no business with it: definitions hold what services are given. */
function makePrivate(file: string): void {
  if (existsSync(file) && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
}
