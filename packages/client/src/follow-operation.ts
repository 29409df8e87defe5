import { backoffMs, type Clock, isProblem, Problem, printDuration } from "@mcp/base";
import type { OperationUpdateJson } from "@mcp/proto";
import type { AgentClient } from "./agent-client.ts";
import { wasNeverReached } from "./connection-problems.ts";
import { systemClock } from "./system-clock.ts";

export interface FollowOptions {
  readonly client: Pick<AgentClient, "watchOperation">;
  /** The `request_id` the operation was asked with. */
  readonly requestId: string;
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for an agent that went away to come back. Default 30 000. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
}

export type Followed =
  /** The first one, and the first one after a loss, hold the whole operation. */
  | { readonly type: "update"; readonly update: OperationUpdateJson }
  /** The agent went away; it is being waited for. */
  | { readonly type: "lost"; readonly patienceMs: number };

const backoff = { firstMs: 50, maxMs: 1_000 };
/** An agent that dies this often while it works on one operation will not finish it. */
const mostLosses = 20;

/**
 * Follow an operation to its end, across restarts of the agent: the operation goes on there, so the stream is attached
 * to again. The last update holds the operation finished.
 *
 * @param started  what `deploy`, `stop` and the like gave.
 * @throws Problem the agent's, if it refuses; `agent_unreachable` if it was not there at first, or stayed away.
 */
export async function* followOperation(
  started: AsyncIterable<{ readonly update?: OperationUpdateJson }>,
  { client, requestId, signal, patienceMs = 30_000, clock = systemClock }: FollowOptions,
): AsyncGenerator<Followed, void> {
  let stream = started;
  let wasHeard = false;
  let losses = 0;
  let lostAt: number | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      for await (const { update } of stream) {
        if (!update) continue;
        [wasHeard, lostAt, attempt] = [true, undefined, 0];
        yield { type: "update", update };
        if (isFinished(update)) return;
      }
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!isProblem(thrown)) throw thrown;
      if (!wasHeard && losses > 0 && thrown.code === "operation_not_found") throw neverTaken(thrown);
      const isRefused = wasNeverReached(thrown) || thrown.code === "draining";
      if (!mayComeBack(thrown) || (isRefused && !wasHeard && losses === 0)) throw thrown;
    }
    if (lostAt === undefined) {
      lostAt = clock.monotonic();
      losses++;
      yield { type: "lost", patienceMs };
    }
    if (clock.monotonic() - lostAt >= patienceMs || losses > mostLosses) throw wentAway(patienceMs);
    await clock.sleep(backoffMs(backoff, attempt, Math.random()), signal);
    stream = client.watchOperation({ id: requestId }, signal ? { signal } : {});
  }
}

const isFinished = ({ operation }: OperationUpdateJson): boolean =>
  operation?.state === "STATE_SUCCEEDED" || operation?.state === "STATE_FAILED";

const mayComeBack = ({ code }: Problem): boolean => code === "agent_unreachable" || code === "draining";

/** It died with the request in its hands; back again it knows nothing of it. */
const neverTaken = (cause: Problem): Problem =>
  new Problem(
    "agent_unreachable",
    "the agent went away before it took the request: nothing was changed",
    "type the same again",
    { cause },
  );

const wentAway = (patienceMs: number): Problem =>
  new Problem(
    "agent_unreachable",
    `the agent went away in the middle and has not come back for ${printDuration(patienceMs)}`,
    "it finishes what it began when it is started again; then see: mcp status",
  );
