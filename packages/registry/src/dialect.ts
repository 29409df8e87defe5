import type BetterSqlite3 from "better-sqlite3";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from "kysely";
import type { Connected } from "./connection.ts";
import { asDatabaseProblem } from "./database-problem.ts";

/**
 * kysely over one better-sqlite3 connection. It differs from kysely's own dialect in three things: failures are
 * `Problem`s, a transaction that SQLite itself has rolled back (as it does when the disk is full) is not rolled back
 * twice, which would hide the failure, and statements are prepared once.
 */
export function registryDialect({ db, file }: Connected): Dialect {
  return {
    createDriver: () => new OneConnectionDriver(db, file),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
  };
}

class OneConnectionDriver implements Driver {
  readonly #db: BetterSqlite3.Database;
  readonly #connection: Connection;

  constructor(db: BetterSqlite3.Database, file: string) {
    this.#db = db;
    this.#connection = new Connection(db, file);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {}

  /**
   * The write lock is taken at once: a transaction that reads first and writes later fails at that point if another
   * process has written meanwhile, and no busy time-out helps it.
   */
  async beginTransaction(_connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    this.#connection.run(settings.accessMode === "read only" ? "begin" : "begin immediate");
  }

  async commitTransaction(): Promise<void> {
    this.#connection.run("commit");
  }

  async rollbackTransaction(): Promise<void> {
    if (this.#db.inTransaction) this.#connection.run("rollback");
  }

  async destroy(): Promise<void> {
    this.#db.close();
  }
}

// Bulk queries differ by the number of their values; without a bound each variant would be kept for ever.
const maxStatements = 200;

class Connection implements DatabaseConnection {
  readonly #db: BetterSqlite3.Database;
  readonly #file: string;
  readonly #statements = new Map<string, BetterSqlite3.Statement>();

  constructor(db: BetterSqlite3.Database, file: string) {
    this.#db = db;
    this.#file = file;
  }

  run(sql: string): void {
    this.#execute(sql, []);
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return this.#execute<R>(sql, parameters);
  }

  // biome-ignore lint/correctness/useYield: part of kysely's interface, and nothing here streams.
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error("the registry does not stream queries: a reader would hold its only connection");
  }

  #execute<R>(sql: string, parameters: readonly unknown[]): QueryResult<R> {
    try {
      const statement = this.#prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters) as R[] };
      const { changes, lastInsertRowid } = statement.run(parameters);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    } catch (error) {
      throw asDatabaseProblem(error, this.#file);
    }
  }

  #prepare(sql: string): BetterSqlite3.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    if (this.#statements.size >= maxStatements) {
      const [oldest = ""] = this.#statements.keys();
      this.#statements.delete(oldest);
    }
    this.#statements.set(sql, statement);
    return statement;
  }
}
