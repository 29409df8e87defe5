import { createHash } from "node:crypto";

/** One step from a schema to the next. Never edited once released: write another one. */
export interface Migration {
  /** 1, 2, 3 …, without a gap. */
  readonly number: number;
  readonly name: string;
  /** SQL, run in order inside one transaction, with foreign keys checked at its end. */
  readonly statements: readonly string[];
}

/** Recorded in the database and in `golden/checksums.json`, so that an edit of a released migration is seen. */
export function checksumOf(migration: Migration): string {
  return createHash("sha256").update(JSON.stringify(migration.statements)).digest("hex");
}
