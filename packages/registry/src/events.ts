import type { Clock } from "@mcp/base";
import type { Queries, Reads } from "./database.ts";
import { fromJsonText, toJsonText } from "./json-text.ts";
import type { EventRecord } from "./records.ts";

export type NewEvent = Omit<EventRecord, "id" | "atMs">;

export interface EventFilter {
  /** Empty: the node's own. Absent: all. */
  readonly service?: string;
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
  const { service, sinceMs, afterId, limit, newest = false } = filter;
  const rows = await queries
    .selectFrom("event")
    .selectAll()
    .$if(service !== undefined, (query) => query.where("service", "=", service ?? ""))
    .$if(sinceMs !== undefined, (query) => query.where("at_ms", ">=", sinceMs ?? 0))
    .$if(afterId !== undefined, (query) => query.where("id", ">", afterId ?? 0))
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
