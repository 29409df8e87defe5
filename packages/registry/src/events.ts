import type { Clock } from "@mcp/base";
import { sql } from "kysely";
import type { Queries, Reads } from "./database.ts";
import { fromJsonText, toJsonText } from "./json-text.ts";
import type { EventRecord } from "./records.ts";

export type NewEvent = Omit<EventRecord, "id" | "atMs">;

export interface EventFilter {
  /** Empty: the node's own. Absent: all. */
  readonly service?: string;
  /** Only those about this component. */
  readonly component?: string;
  /** Only those at or after this time. */
  readonly sinceMs?: number;
  /** Only those that came later than the event of this id. */
  readonly afterId?: number;
  readonly limit: number;
  /** The newest ones, newest first; otherwise the oldest ones, oldest first. */
  readonly newest?: boolean;
}

/** See `Registry.addEvents`. */
export async function addEvents(
  queries: Queries,
  clock: Clock,
  events: readonly NewEvent[],
): Promise<EventRecord[]> {
  const atMs = clock.now();
  const recorded: EventRecord[] = [];
  for (const event of events) {
    const { service, component, kind, text, data } = event;
    const columns = { at_ms: atMs, service, component, kind, text };
    const { id } = await queries
      .insertInto("event")
      .values({ ...columns, ...(data !== undefined && { data: toJsonText(data) }) })
      .returning("id")
      .executeTakeFirstOrThrow();
    recorded.push({ id, atMs, service, component, kind, text, ...(data !== undefined && { data }) });
  }
  return recorded;
}

/** See `Registry.events`. */
export async function loadEvents(queries: Reads, filter: EventFilter): Promise<EventRecord[]> {
  const { service, component, sinceMs, afterId = 0, limit, newest = false } = filter;
  const firstId = sinceMs === undefined ? 0 : await firstIdSince(queries, sinceMs);
  if (firstId === undefined) return [];
  const rows = await queries
    .selectFrom("event")
    .selectAll()
    .$if(service !== undefined, (query) => query.where("service", "=", service ?? ""))
    .$if(component !== undefined, (query) => query.where("component", "=", component ?? ""))
    .$if(sinceMs !== undefined, (query) => query.where("at_ms", ">=", sinceMs ?? 0))
    .where("id", ">", Math.max(afterId, firstId - 1))
    .orderBy("id", newest ? "desc" : "asc")
    .limit(limit)
    .execute();
  return rows.map(({ id, at_ms, service, component, kind, text, data }) => ({
    id,
    atMs: at_ms,
    service,
    component,
    kind,
    text,
    ...(data !== null && { data: fromJsonText(data) }),
  }));
}

/**
 * Of the event with the smallest id, which is the earliest one only as long as the clock was never set back. It bounds the
 * search by id: for the newest ones of a short while, that would else read all that a service ever had. The plus keeps SQLite
 * from looking for it in the table, from its beginning, rather than in the index by time.
 */
async function firstIdSince(queries: Reads, sinceMs: number): Promise<number | undefined> {
  const { earliest } = await queries
    .selectFrom("event")
    .select(({ fn }) => fn.min("at_ms").as("earliest"))
    .executeTakeFirstOrThrow();
  if (earliest === null || sinceMs <= earliest) return 0;
  const { id } = await queries
    .selectFrom("event")
    .select(sql<number | null>`min(+id)`.as("id"))
    .where("at_ms", ">=", sinceMs)
    .executeTakeFirstOrThrow();
  return id ?? undefined;
}
