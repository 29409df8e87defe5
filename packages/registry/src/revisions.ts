import { type Selectable, sql } from "kysely";
import type { Reads } from "./database.ts";
import { fromJsonText } from "./json-text.ts";
import type { RevisionRecord } from "./records.ts";
import type { Schema } from "./schema.ts";

/** Newest first; also of a service that is undeployed. */
export async function loadRevisions(queries: Reads, service: string): Promise<RevisionRecord[]> {
  const rows = await queries
    .selectFrom("revision")
    .selectAll()
    .where("service", "=", service)
    .orderBy("number", "desc")
    .execute();
  return rows.map(toRevision);
}

/** Those that exist of the given ones, by service and number, in one query. */
export async function loadRevisionsOf(
  queries: Reads,
  pairs: readonly { readonly service: string; readonly number: number }[],
): Promise<RevisionRecord[]> {
  if (pairs.length === 0) return [];
  const values = sql.join(pairs.map(({ service, number }) => sql`(${service}, cast(${number} as integer))`));
  const rows = await queries
    .selectFrom("revision")
    .selectAll("revision")
    .where(sql<boolean>`(service, number) in (values ${values})`)
    .orderBy("service")
    .orderBy("number")
    .execute();
  return rows.map(toRevision);
}

function toRevision(row: Selectable<Schema["revision"]>): RevisionRecord {
  return {
    service: row.service,
    number: row.number,
    createdAtMs: row.created_at_ms,
    state: row.state,
    origin: row.origin,
    content: fromJsonText(row.content),
  };
}
