import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { prepareFile, requireReadableFile } from "./database-file.ts";
import { asDatabaseProblem, failed } from "./database-problem.ts";

export interface ConnectionOptions {
  readonly path: string;
  readonly readOnly: boolean;
  /** How long a query waits, holding the process, while another process writes. */
  readonly busyTimeoutMs: number;
}

export interface Connected {
  readonly db: BetterSqlite3.Database;
  /** Its path with links resolved. */
  readonly file: string;
}

/** @throws Problem `database_failed`, `database_read_only`, `permission_denied`, `disk_full`, `file_not_found`. */
export function connect({ path, readOnly, busyTimeoutMs }: ConnectionOptions): Connected {
  const file = readOnly ? requireReadableFile(resolve(path)) : prepareFile(resolve(path));
  try {
    return { db: readOnly ? connectToRead(file, busyTimeoutMs) : connectToWrite(file, busyTimeoutMs), file };
  } catch (error) {
    throw asDatabaseProblem(error, file);
  }
}

function connectToWrite(file: string, timeout: number): BetterSqlite3.Database {
  return opened(new BetterSqlite3(file, { timeout }), (db) => {
    const mode = db.pragma("journal_mode = wal", { simple: true });
    if (mode !== "wal") {
      throw failed(file, "its file system has no shared memory", "put it on a disk of this machine");
    }
    db.pragma("synchronous = normal");
    // A burst of writes must not leave a huge log behind.
    db.pragma(`journal_size_limit = ${4 * 1024 * 1024}`);
    configure(db);
  });
}

function connectToRead(file: string, timeout: number): BetterSqlite3.Database {
  try {
    return opened(new BetterSqlite3(file, { readonly: true, timeout }), configure);
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (!/^SQLITE_(CANTOPEN|IOERR|READONLY)/.test(code) || hasLog(file)) throw error;
    return opened(connectToCopy(file), configure);
  }
}

/**
 * Even a reader needs to make files beside a database in WAL mode, which a read-only mount or a full disk forbids.
 * A database that was closed properly has all it knows in one file, which is then read into memory. Bytes 18 and 19 of
 * its header say "WAL"; memory has none.
 */
function connectToCopy(file: string): BetterSqlite3.Database {
  const content = readFileSync(file);
  content.fill(1, 18, 20);
  return new BetterSqlite3(content, { readonly: true });
}

function hasLog(file: string): boolean {
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function configure(db: BetterSqlite3.Database): void {
  db.pragma("foreign_keys = on");
  // What does not fit in memory while sorting must not need room on a full disk.
  db.pragma("temp_store = memory");
  db.pragma("trusted_schema = off");
  // The first look at the content: tells a database from any other file.
  db.pragma("schema_version");
}

function opened(
  db: BetterSqlite3.Database,
  setUp: (db: BetterSqlite3.Database) => void,
): BetterSqlite3.Database {
  try {
    setUp(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
