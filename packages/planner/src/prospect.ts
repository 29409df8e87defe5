import { wasCutOff } from "./cut-off.ts";
import type { ComponentGoal, Instance, ServiceGoal } from "./goal.ts";
import type { Sighting } from "./observation.ts";
import {
  crashLoopEnds,
  decideRestart,
  describeEnd,
  describeExit,
  endOf,
  onProbationUntilMs,
  timesInARow,
} from "./restart.ts";

/** What becomes by itself of a component that should run. */
export interface Prospect {
  /** Present while its lives end too soon, and until one has lasted. */
  readonly crashLoop?: CrashLoop;
  /** When it is tried again; absent: now, or nothing is to be tried. */
  readonly nextTryAtMs?: number;
  /** Why it stays down, where its restart policy leaves it so. */
  readonly leftBecause?: string;
  /** It ended without a failure, and is left so: it has done what it was to do. */
  readonly hasSucceeded?: true;
}

export interface CrashLoop {
  /** So many lives in a row have ended too soon. */
  readonly quickEnds: number;
  /** For people: how they ended. */
  readonly text: string;
  /** While it runs: when it will have run for long enough. */
  readonly stableAtMs?: number;
}

/** Nothing where nobody heals it, where nothing certain is known, or while somebody's revision is judged by it. */
export function foresee(
  { desired, managed }: ServiceGoal,
  { target, notBeforeMs }: ComponentGoal,
  instance: Instance,
  sighting: Sighting,
  nowMs: number,
): Prospect {
  if (desired === "ignore" || managed !== "heal" || instance.role !== "current" || !target) return {};
  const held = notBeforeMs !== undefined && notBeforeMs > nowMs ? { nextTryAtMs: notBeforeMs } : {};
  switch (sighting.state) {
    case "starting":
    case "running": {
      const stableAtMs = onProbationUntilMs(instance, nowMs);
      if (stableAtMs === undefined) return {};
      const { quickEnds, lastExit } = instance;
      return {
        crashLoop: { quickEnds, text: `${describeExit(lastExit)}, ${timesInARow(quickEnds)}`, stableAtMs },
      };
    }
    case "exited":
    case "missing": {
      if (sighting.state === "missing" && instance.startedAtMs === undefined) return held;
      // It was no end of its own, and it is started without a pause.
      if (wasCutOff(instance, sighting)) return held;
      const decision = decideRestart(target.restart, instance, sighting, nowMs);
      if (decision.do === "leave") {
        const hasSucceeded = sighting.state === "exited" && sighting.exit?.code === 0;
        return { leftBecause: decision.reason, ...(hasSucceeded && { hasSucceeded }) };
      }
      const { quickEnds } = decision;
      const waits = [...(decision.do === "wait" ? [decision.untilMs] : []), ...Object.values(held)];
      const end = endOf(instance, sighting);
      const text = `${end ? describeExit(end) : describeEnd(sighting)}, ${timesInARow(quickEnds)}`;
      return {
        ...(quickEnds >= crashLoopEnds && { crashLoop: { quickEnds, text } }),
        ...(waits.length > 0 && { nextTryAtMs: Math.max(...waits) }),
      };
    }
    default:
      return held;
  }
}
