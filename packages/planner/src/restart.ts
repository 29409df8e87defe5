import { type Backoff, backoffMs } from "@mcp/base";
import type { WorkloadExit } from "@mcp/runtime";
import { wasCutOff } from "./cut-off.ts";
import type { Instance, RestartPolicy } from "./goal.ts";
import { healthOf, type Sighting } from "./observation.ts";

/** A life that ended sooner was a quick end; one that lasts so long ends a crash loop. */
export const stableMs = 60_000;

/** From so many quick ends in a row on it is a crash loop. */
export const crashLoopEnds = 3;

/** A life of so long has not failed at its start: an orderly end of it was somebody's doing, or its work was done. */
export const orderlyFromMs = 10_000;

/** The first restart has no pause, so that what dies once is back at once. */
const pauses: Backoff = { firstMs: 1_000, maxMs: 300_000 };

export type RestartDecision =
  /** `quickEnds`: how many in a row, with this one; 0 if its life was long enough. */
  | {
      readonly do: "start";
      readonly quickEnds: number;
      readonly reason: string;
      /** Why no count of its restarts changes: it did not fail. */
      readonly uncounted?: Uncounted;
    }
  | { readonly do: "wait"; readonly untilMs: number; readonly quickEnds: number; readonly reason: string }
  | { readonly do: "leave"; readonly reason: string };

/** A boot of the machine cut it off; or it ended as what is asked to end does, such as by `podman stop`. */
export type Uncounted = "booted" | "orderly";

/**
 * Whether an accepted instance that does not run, though it should, is started again: at once when its life was long
 * enough or this is its first quick end, else after a pause that doubles with each quick end in a row.
 *
 * The pause counts from the end. The clock may have been set in between, and a runtime's clock may be another than the
 * agent's, so of its end and its start the latest counts that is not in the future: set back, the clock delays nothing,
 * and the start that follows is stamped by the new time, so that the next pause is whole again.
 *
 * @param isOurStop  it was stopped to be started again, so that how it ended says nothing
 */
export function decideRestart(
  restart: RestartPolicy,
  instance: Instance,
  sighting: Sighting,
  nowMs: number,
  isOurStop = false,
): RestartDecision {
  // A reboot is no end of its own, which is what restart policies are about.
  if (wasCutOff(instance, sighting))
    return {
      do: "start",
      quickEnds: instance.quickEnds,
      reason: "the machine was booted",
      uncounted: "booted",
    };
  const ended = describeEnd(sighting);
  if (restart.policy === "no") return { do: "leave", reason: `${ended}; its restart policy is "no"` };
  if (restart.policy === "on-failure" && sighting.state === "exited" && sighting.exit?.code === 0)
    return { do: "leave", reason: `${ended}, which is not a failure` };
  const isOrderly = !isOurStop && endedOrderly(instance, sighting, nowMs);
  // To be unhealthy is to have failed.
  const hasFailed = sighting.state === "exited" || healthOf(sighting)?.state === "unhealthy";
  if (restart.policy === "on-failure" && hasFailed && !isOrderly) {
    if (restart.maxRetries !== undefined && instance.restarts >= restart.maxRetries)
      return { do: "leave", reason: `${ended}, after ${instance.restarts} restarts, the most it may have` };
  }
  const quickEnds = wasQuick(instance, sighting, nowMs) ? instance.quickEnds + 1 : 0;
  const isWithoutPause = isOrderly && quickEnds < crashLoopEnds;
  const untilMs =
    pauseFromMs(instance, sighting, nowMs) + (isWithoutPause ? 0 : pauseMs(instance, quickEnds));
  if (nowMs >= untilMs)
    return { do: "start", quickEnds, reason: ended, ...(isOrderly && { uncounted: "orderly" }) };
  return { do: "wait", untilMs, quickEnds, reason: `${ended}, ${timesInARow(quickEnds)}` };
}

/** SIGTERM, of which programs of every kind end with this code where they do not end with 0. */
const terminated = 143;

/**
 * Ended as what is asked to end does: runtimes do not tell who stopped a workload, so it is taken from the code. What ends so
 * right after its start is none the less taken for a crash, and what ends soon after it three times in a row is slowed down as
 * a crash loop is: a program may end itself in this way, again and again.
 */
function endedOrderly(instance: Instance, sighting: Sighting, nowMs: number): boolean {
  if (sighting.state !== "exited" || !sighting.exit) return false;
  const { code, reason } = sighting.exit;
  const isOrderly = (code === 0 || code === terminated) && (reason === "exited" || reason === "signal");
  return isOrderly && livedMs(instance, sighting, nowMs) >= orderlyFromMs;
}

/** Before it is started again after so many quick ends in a row. The same each time it is asked for, spread over instances. */
function pauseMs({ name, restarts }: Instance, quickEnds: number): number {
  return backoffMs(pauses, quickEnds - 1, fraction(`${name} ${restarts}`));
}

/**
 * An end in the future cannot be true, so its life is taken to have lasted until now at most. A negative one is quick: what
 * ends at once may have ended before its start was recorded.
 */
function wasQuick(instance: Instance, sighting: Sighting, nowMs: number): boolean {
  if (instance.startedAtMs === undefined) return true;
  // However long it was given to become healthy, it never did what it is there for.
  if (healthOf(sighting)?.hasPassed === false) return true;
  return livedMs(instance, sighting, nowMs) < stableMs;
}

/** Minus infinity where no start of it is known. */
function livedMs(instance: Instance, sighting: Sighting, nowMs: number): number {
  const endMs = Math.min(nowMs, endOf(instance, sighting)?.atMs ?? nowMs);
  return endMs - (instance.startedAtMs ?? Number.POSITIVE_INFINITY);
}

/** Minus infinity where no stamp can be true. */
function pauseFromMs(instance: Instance, sighting: Sighting, nowMs: number): number {
  const stamps = [endOf(instance, sighting)?.atMs, instance.startedAtMs];
  return Math.max(...stamps.flatMap((atMs) => (atMs !== undefined && atMs <= nowMs ? atMs : [])));
}

/** How its last life ended, if that is known: of what is missing, as it was seen before it went. */
export function endOf({ startedAtMs, lastExit }: Instance, sighting: Sighting): WorkloadExit | undefined {
  if (sighting.state === "exited" && sighting.exit) return sighting.exit;
  return lastExit && lastExit.atMs >= (startedAtMs ?? 0) ? lastExit : undefined;
}

/** Until when an instance that runs after a crash loop is not yet trusted; undefined: it is, or there was none. */
export function onProbationUntilMs({ quickEnds, startedAtMs }: Instance, nowMs: number): number | undefined {
  if (quickEnds < crashLoopEnds || startedAtMs === undefined || startedAtMs > nowMs) return undefined;
  const untilMs = startedAtMs + stableMs;
  return nowMs < untilMs ? untilMs : undefined;
}

export const timesInARow = (quickEnds: number): string =>
  quickEnds === 1 ? "soon after its start" : `${quickEnds} times in a row soon after its start`;

export function describeEnd(sighting: Sighting): string {
  const health = healthOf(sighting);
  if (health?.state === "unhealthy") return `it is unhealthy: ${health.text}`;
  if (sighting.state !== "exited")
    return sighting.state === "missing" ? "it is missing" : "it was never started";
  return describeExit(sighting.exit);
}

export function describeExit(exit: WorkloadExit | undefined): string {
  if (exit?.reason === "out-of-memory") return "it ran out of memory";
  return exit?.code === undefined ? "it exited" : `it exited with code ${exit.code}`;
}

/** A number in [0, 1) that is the same for the same text and spread evenly over different ones: FNV-1a, then mixed. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
