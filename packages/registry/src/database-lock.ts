import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Problem } from "@mcp/base";
import BetterSqlite3 from "better-sqlite3";
import { prepareFile } from "./database-file.ts";
import { asDatabaseProblem } from "./database-problem.ts";

export interface DatabaseLock {
  /** Let others have it. */
  release(): void;
}

/**
 * Hold the database for one agent, by a lock on `<path>.lock`; take it before the database is opened, so that a newer agent
 * never migrates it under a running one. Readers need no lock. The kernel takes it back from a process that ends, however
 * that comes about; the file stays, and means nothing by itself.
 *
 * @param path  of the database
 * @throws Problem `database_in_use` if another program holds it; `disk_full`, `database_read_only`, `permission_denied`,
 *   `database_failed` if there cannot be such a file.
 * @example const lock = lockDatabase("/srv/mcp/mcp.db"); try { ... } finally { lock.release(); }
 */
export function lockDatabase(path: string): DatabaseLock {
  // Two names of one database are one lock.
  const database = prepareFile(resolve(path));
  const file = prepareFile(`${database}.lock`);
  let db: BetterSqlite3.Database | undefined;
  try {
    // SQLite's locks are the only ones that node reaches. The transaction never writes, so a full disk is no hindrance.
    db = new BetterSqlite3(file, { timeout: 0 });
    db.exec("begin exclusive");
    return { release: db.close.bind(db) };
  } catch (error) {
    db?.close();
    if ((error as { code?: string }).code === "SQLITE_BUSY") throw inUse(database, holderOf(file), error);
    throw asDatabaseProblem(error, file);
  }
}

/**
 * The kernel's list has a line such as `1: POSIX  ADVISORY  WRITE 4711 fd:01:131 1073741824 1073742335`. The device is not
 * compared: some file systems tell another one to `stat`.
 */
function holderOf(file: string): number | undefined {
  try {
    const { ino } = statSync(file);
    const locks = readFileSync("/proc/locks", "utf8");
    const [, pid] = new RegExp(`\\sWRITE\\s+(\\d+)\\s+\\w+:\\w+:${ino}\\s`).exec(locks) ?? [];
    // A holder in another container has no number here.
    return Number(pid) > 0 ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

function inUse(database: string, holder: number | undefined, cause: unknown): Problem {
  const by = holder === undefined ? "another agent" : `another agent, process ${holder}`;
  return new Problem(
    "database_in_use",
    `the database ${database} is in use by ${by}`,
    holder === undefined
      ? `see which one: fuser -v ${database}.lock`
      : `stop that one first, or see: ps ${holder}`,
    { cause },
  );
}
