import type { Instance } from "./goal.ts";
import type { Sighting } from "./observation.ts";

/** A machine that is shut down asks all programs to end at the same time, so the agent may hear of it after others have ended. */
const slackMs = 10_000;
/** Longer than what asks them waits before it kills them. */
const longestShutdownMs = 120_000;

/** Ended by a reboot: nobody saw how, or it was asked to end when the machine was shut down in order. */
export function wasCutOff({ wasCutOff: cutOff }: Instance, sighting: Sighting): boolean {
  if (!cutOff) return false;
  if (sighting.state !== "exited") return sighting.state === "missing" || sighting.state === "created";
  const { exit } = sighting;
  return !exit || exit.reason === "unknown" || isEndOfShutdown(exit.atMs, cutOff.shutDownAtMs);
}

/** Whether an end at that moment is the doing of a shutdown that began at the other. */
export const isEndOfShutdown = (atMs: number, shutDownAtMs: number | undefined): boolean =>
  shutDownAtMs !== undefined && atMs >= shutDownAtMs - slackMs && atMs <= shutDownAtMs + longestShutdownMs;
