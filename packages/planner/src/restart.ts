import type { Instance, RestartPolicy } from "./goal.ts";
import type { Sighting } from "./observation.ts";

/** Between two starts of one instance, so that one that ends at once cannot take a whole core. */
export const restartPauseMs = 5_000;

export type RestartDecision =
  | { readonly do: "start"; readonly reason: string }
  | { readonly do: "wait"; readonly untilMs: number; readonly reason: string }
  | { readonly do: "leave"; readonly reason: string };

/**
 * Whether an accepted instance that does not run, though it should, is started again: at once, but not sooner than
 * `restartPauseMs` after its last start. Backoff and crash loops belong here.
 */
export function decideRestart(
  restart: RestartPolicy,
  instance: Instance,
  sighting: Sighting,
  nowMs: number,
): RestartDecision {
  const ended = describeEnd(sighting);
  if (restart.policy === "no") return { do: "leave", reason: `${ended}; its restart policy is "no"` };
  if (restart.policy === "on-failure" && sighting.state === "exited") {
    if (sighting.exit?.code === 0) return { do: "leave", reason: `${ended}, which is not a failure` };
    if (restart.maxRetries !== undefined && instance.restarts >= restart.maxRetries)
      return { do: "leave", reason: `${ended}, after ${instance.restarts} restarts, the most it may have` };
  }
  const untilMs = (instance.startedAtMs ?? 0) + restartPauseMs;
  // A start in the future was stamped before somebody set the clock back: it must not delay anything.
  if (nowMs < untilMs && (instance.startedAtMs ?? 0) <= nowMs)
    return { do: "wait", untilMs, reason: `${ended} soon after its start` };
  return { do: "start", reason: ended };
}

export function describeEnd(sighting: Sighting): string {
  if (sighting.state !== "exited")
    return sighting.state === "missing" ? "it is missing" : "it was never started";
  const exit = sighting.exit;
  if (!exit) return "it exited";
  if (exit.reason === "out-of-memory") return "it ran out of memory";
  return exit.code === undefined ? "it exited" : `it exited with code ${exit.code}`;
}
