import { limiter } from "@mcp/base";
import type BetterSqlite3 from "better-sqlite3";
import { Kysely, type LogConfig, type Transaction } from "kysely";
import type { Connected } from "./connection.ts";
import { registryDialect } from "./dialect.ts";
import type { Schema } from "./schema.ts";

/** What a read may do. */
export type Reads = Pick<Transaction<Schema>, "selectFrom">;

/** What a change may do: queries, and nothing that takes longer. */
export type Queries = Pick<Transaction<Schema>, "selectFrom" | "insertInto" | "updateTable" | "deleteFrom">;

/**
 * The one connection to the database. All work on it is a transaction, one after another in the order of asking.
 *
 * A transaction may await its own queries only. If it waited for the network or a timer, everybody else would wait
 * with it, and other tasks of this process would run inside what should be one step. Types cannot keep that, so it is
 * checked: queries of better-sqlite3 answer synchronously, hence a proper transaction ends before the microtask queue
 * runs dry, and `process.nextTick` is what runs then. A transaction still open at that moment is rolled back and fails.
 */
export class Database {
  /** Its path with links resolved. */
  readonly file: string;
  readonly isReadOnly: boolean;
  readonly #raw: BetterSqlite3.Database;
  readonly #kysely: Kysely<Schema>;
  // kysely locks its only connection too, but wakes all who wait at once, and lets in whoever comes first.
  readonly #inTurn = limiter(1);

  constructor(connected: Connected, log?: LogConfig) {
    this.file = connected.file;
    this.isReadOnly = connected.db.readonly;
    this.#raw = connected.db;
    this.#kysely = new Kysely<Schema>({ dialect: registryDialect(connected), ...(log && { log }) });
  }

  read<T>(work: (queries: Reads) => Promise<T>): Promise<T> {
    return this.#transaction("read only", work);
  }

  write<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#transaction("read write", work);
  }

  /** Run what is no transaction, such as a pragma, when nobody else uses the connection. */
  alone<T>(work: (raw: BetterSqlite3.Database) => T): Promise<T> {
    return this.#inTurn(async () => work(this.#raw));
  }

  close(): Promise<void> {
    return this.#inTurn(async () => void this.#raw.close());
  }

  #transaction<T>(mode: "read only" | "read write", work: (queries: Queries) => Promise<T>): Promise<T> {
    const transaction = this.#kysely.transaction().setAccessMode(mode);
    return this.#inTurn(() => transaction.execute((queries) => withoutPause(() => work(queries))));
  }
}

/** The result of `work`, or a failure as soon as it waits for anything but microtasks. */
async function withoutPause<T>(work: () => Promise<T>): Promise<T> {
  const paused = Promise.withResolvers<never>();
  let isOver = false;
  process.nextTick(() => {
    if (!isOver) paused.reject(new Error("a transaction waited for something other than its own queries"));
  });
  try {
    return await Promise.race([work(), paused.promise]);
  } finally {
    isOver = true;
  }
}
