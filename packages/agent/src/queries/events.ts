import type { EventRecord, Registry } from "@mcp/registry";
import type { Engine } from "../engine/engine.ts";

const eventsAtOnce = 1_000;

/** Which events are meant; what is absent is not asked for. */
export interface EventsOf {
  readonly service?: string;
  readonly component?: string;
}

/**
 * What happens from this call on, until the signal aborts or the agent ends. With `from`, what is kept comes before it:
 * since a time, and later than the event of an id, which is how one who lost the stream goes on.
 *
 * @throws Problem `timed_out`, in the middle, for one who falls too far behind.
 */
export function watchEvents(
  { journal, deps }: Pick<Engine, "journal" | "deps">,
  of: EventsOf,
  from: { readonly sinceMs?: number; readonly afterId?: number },
  signal: AbortSignal,
): AsyncIterable<EventRecord> {
  // Listen before reading, so that nothing falls between.
  const heard = journal.listen(signal);
  return keptAndHeard(deps.registry, heard, of, from, signal);
}

async function* keptAndHeard(
  registry: Registry,
  heard: AsyncIterable<EventRecord>,
  of: EventsOf,
  from: { readonly sinceMs?: number; readonly afterId?: number },
  signal: AbortSignal,
): AsyncGenerator<EventRecord, void> {
  let lastId = from.afterId ?? 0;
  const wantsKept = from.afterId !== undefined || from.sinceMs !== undefined;
  for (let isMore = wantsKept; isMore && !signal.aborted; ) {
    const page = await registry.events({ ...of, ...from, afterId: lastId, limit: eventsAtOnce });
    for (const event of page) {
      lastId = event.id;
      yield event;
    }
    isMore = page.length === eventsAtOnce;
  }
  for await (const event of heard) if (event.id > lastId && isOf(event, of)) yield event;
}

const isOf = (event: EventRecord, { service, component }: EventsOf): boolean =>
  (service === undefined || event.service === service) &&
  (component === undefined || event.component === component);
