import { backoffMs, type Clock, isProblem, Problem, printDuration } from "@mcp/base";
import type { EventJson } from "@mcp/proto";
import type { AgentClient } from "./agent-client.ts";
import { wasNeverReached } from "./connection-problems.ts";
import { systemClock } from "./system-clock.ts";

export interface FollowEventsOptions {
  readonly client: Pick<AgentClient, "watchEvents">;
  /** Empty or absent: of all. */
  readonly service?: string;
  readonly component?: string;
  /** Begin after the event of this id; 0: with the oldest that is kept. Absent: only what happens from now on. */
  readonly afterId?: number;
  /** ISO 8601: of what is kept, only what happened since then. */
  readonly since?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for an agent that went away to come back. Default 300 000. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
}

export type FollowedEvent =
  | { readonly type: "event"; readonly event: EventJson }
  /** The agent went away; it is being waited for. */
  | { readonly type: "lost"; readonly patienceMs: number };

const backoff = { firstMs: 50, maxMs: 1_000 };

/**
 * Events as they happen, until the signal aborts, whose reason is rethrown. Across restarts of the agent none is lost and
 * none is given twice: what happened meanwhile is kept there, and is asked for by the id of the last one that was given.
 * Only if none was given yet, and `afterId` is absent, can that not be.
 *
 * @throws Problem the agent's, if it refuses; `agent_unreachable` if it was not there at first, or stayed away.
 */
export async function* followEvents(options: FollowEventsOptions): AsyncGenerator<FollowedEvent, void> {
  const { client, service = "", component = "", signal, patienceMs = 300_000, clock = systemClock } = options;
  let { afterId, since } = options;
  let wasReached = false;
  let lostAt: number | undefined;
  for (let attempt = 1; ; attempt++) {
    const from = {
      ...(afterId !== undefined && { afterId: String(afterId) }),
      ...(since !== undefined && { since }),
    };
    try {
      const stream = client.watchEvents({ service, component, ...from }, signal ? { signal } : {});
      for await (const { event } of stream) {
        // The first message of each stream holds none: it says that the agent is there.
        [wasReached, lostAt, attempt] = [true, undefined, 0];
        if (!event) continue;
        // What comes after it is wanted whatever the clock there says.
        [afterId, since] = [Number(event.id), undefined];
        yield { type: "event", event };
      }
      wasReached = true;
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!isProblem(thrown) || !mayGoOn(thrown)) throw thrown;
      if (!wasReached && wasNeverReached(thrown)) throw thrown;
      wasReached = true;
    }
    signal?.throwIfAborted();
    if (lostAt === undefined) {
      lostAt = clock.monotonic();
      yield { type: "lost", patienceMs };
    }
    if (clock.monotonic() - lostAt >= patienceMs) throw wentAway(patienceMs);
    await clock.sleep(backoffMs(backoff, attempt, Math.random()), signal);
  }
}

/** An agent also ends a stream whose reader is too slow for it: what was missed is kept. */
const mayGoOn = ({ code }: Problem): boolean =>
  code === "agent_unreachable" || code === "draining" || code === "timed_out";

const wentAway = (patienceMs: number): Problem =>
  new Problem(
    "agent_unreachable",
    `the agent went away and has not come back for ${printDuration(patienceMs)}`,
    "start it again; then see what happened with: mcp events",
  );
