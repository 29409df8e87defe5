import { readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Clock, Problem } from "@mcp/base";
import type { Connected } from "./connection.ts";
import { createPrivate } from "./database-file.ts";
import { failed } from "./database-problem.ts";
import { checksumOf, type Migration } from "./migrations/migration.ts";

export interface MigrateOptions {
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
  /** Recorded, so that an older agent can say which one it takes. */
  readonly agentVersion?: string;
}

interface Applied {
  readonly number: number;
  readonly checksum: string;
  readonly agent_version: string | null;
}

const keptCopies = 3;

/**
 * Bring the schema up to date: all missing migrations in one transaction, each recorded with its checksum. A database
 * that has content is copied aside first, as `<path>.before-<number of the first missing migration>`; the newest 3
 * copies are kept.
 *
 * @throws Problem `database_newer` if a newer agent has been here; `database_failed` if it is no registry, or a
 *   recorded migration is not the one known here; `database_read_only`, `disk_full`.
 */
export function migrate(connected: Connected, options: MigrateOptions): void {
  const applied = appliedTo(connected);
  check(connected, applied, options.migrations);
  const [next] = missing(applied, options.migrations);
  if (!next) return;
  if (connected.db.readonly) throw tooOldToRead(connected.file);
  if (applied.length > 0) copyAside(connected, next.number);
  apply(connected, options);
}

function appliedTo({ db, file }: Connected): Applied[] {
  const tables = db.prepare("select name from sqlite_schema where type = 'table'").pluck().all();
  if (tables.length === 0) return [];
  if (!tables.includes("schema_migration")) {
    throw failed(file, "it belongs to another program", "name another file in the config");
  }
  return db
    .prepare("select number, checksum, agent_version from schema_migration order by number")
    .all() as Applied[];
}

function check({ file }: Connected, applied: readonly Applied[], known: readonly Migration[]): void {
  const newest = applied.at(-1);
  if (newest && newest.number > known.length) throw newer(file, newest, known.length);
  for (const { number, checksum } of applied) {
    const migration = known.find((each) => each.number === number);
    if (migration && checksumOf(migration) === checksum) continue;
    const what = `its schema ${number} is not the one of that number known to this agent`;
    throw failed(file, what, "use the agent that made it, in a released version");
  }
}

function newer(path: string, newest: Applied, known: number): Problem {
  const agent = newest.agent_version === null ? "a newer mcp-agent" : `mcp-agent ${newest.agent_version}`;
  return new Problem(
    "database_newer",
    `the database ${path} has schema ${newest.number}, made by ${agent}; this agent knows up to schema ${known}`,
    `run ${agent}${newest.agent_version === null ? "" : " or newer"}, or go back to a copy: ls ${path}.before-*`,
  );
}

const tooOldToRead = (path: string): Problem =>
  new Problem(
    "database_read_only",
    `the database ${path} has an older schema, which cannot be changed while it is opened read-only`,
    "start the agent once, which brings it up to date",
  );

const missing = (applied: readonly Applied[], known: readonly Migration[]): Migration[] =>
  known.filter(({ number }) => number > (applied.at(-1)?.number ?? 0));

function apply(connected: Connected, { migrations, clock, agentVersion }: MigrateOptions): void {
  const { db } = connected;
  // A migration may rebuild a table that others refer to; they are checked once all is in place.
  db.pragma("foreign_keys = off");
  try {
    db.transaction(() => {
      db.exec(`create table if not exists schema_migration (
        number integer primary key,
        name text not null,
        checksum text not null,
        agent_version text,
        applied_at_ms integer not null
      ) strict`);
      const record = db.prepare("insert into schema_migration values (?, ?, ?, ?, ?)");
      // Asked again under the write lock: another process may have been faster.
      for (const migration of missing(appliedTo(connected), migrations)) {
        for (const statement of migration.statements) db.exec(statement);
        const { number, name } = migration;
        record.run(number, name, checksumOf(migration), agentVersion ?? null, clock.now());
      }
      const broken = db.pragma("foreign_key_check") as unknown[];
      if (broken.length > 0)
        throw new Error(`a migration leaves ${broken.length} rows that refer to nothing`);
    }).immediate();
  } finally {
    db.pragma("foreign_keys = on");
  }
}

function copyAside({ db, file }: Connected, number: number): void {
  const copy = `${file}.before-${number}`;
  const part = `${copy}.part`;
  rmSync(part, { force: true });
  try {
    createPrivate(part);
    db.prepare("vacuum into ?").run(part);
    renameSync(part, copy);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  const prefix = `${basename(file)}.before-`;
  const copies = readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => b - a);
  for (const old of copies.slice(keptCopies)) rmSync(join(dirname(file), `${prefix}${old}`), { force: true });
}
