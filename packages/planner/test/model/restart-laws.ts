import { demand } from "./demand.ts";
import type { View } from "./view.ts";

/** Written down apart from the planner's own, so that a mistake there is not repeated here. */
const stableMs = 60_000;
const orderlyFromMs = 10_000;
const crashLoopEnds = 3;
const longestPauseMs = 300_000;
const leastPauseMs = (quickEnds: number): number =>
  Math.min(longestPauseMs, 1_000 * 2 ** (quickEnds - 2)) / 2;

/** What holds of the restarts of every plan. */
export const restartLaws: Readonly<Record<string, (view: View) => void>> = {
  "what runs is started again only after it was stopped": (view) => {
    for (const start of view.steps("start")) {
      const { instance } = start.action;
      if (!view.isUp(instance)) continue;
      const stop = view.stopOf(instance);
      demand(stop !== undefined && view.isBefore(stop, start), `${instance} runs, and is started`);
    }
  },

  "what ends too soon again and again is not restarted before its pause is over": (view) => {
    for (const { action } of view.steps("start")) {
      const isAgain = action.isRestart || action.uncounted !== undefined;
      if (!isAgain) demand(action.quickEnds === 0, `${action.instance} takes its count along`);
      const made = view.instances.find(({ name }) => name === action.instance);
      const sighting = view.sighting(action.instance);
      const endMs = sighting.state === "exited" ? sighting.exit?.atMs : undefined;
      if (!isAgain || action.uncounted === "booted" || made?.startedAtMs === undefined || endMs === undefined)
        continue;
      // Where the clock was set in between, nothing is known of how long it lived.
      if (made.startedAtMs > endMs || endMs > view.nowMs) continue;
      const isQuick = endMs - made.startedAtMs < stableMs;
      const quickEnds = isQuick ? made.quickEnds + 1 : 0;
      demand(action.quickEnds === quickEnds, `${made.name} has ended too soon ${quickEnds} times in a row`);
      if (quickEnds >= (action.uncounted === "orderly" ? crashLoopEnds : 2))
        demand(view.nowMs >= endMs + leastPauseMs(quickEnds), `${made.name} has not waited long enough`);
    }
  },

  "what is started again, and not counted as a restart, has lived for a while and did not fail": (view) => {
    for (const { action } of view.steps("start")) {
      if (action.uncounted !== "orderly") continue;
      const sighting = view.sighting(action.instance);
      const { code, atMs = 0 } = (sighting.state === "exited" && sighting.exit) || {};
      const startedAtMs = view.instances.find(({ name }) => name === action.instance)?.startedAtMs ?? atMs;
      demand(code === 0 || code === 143, `${action.instance} ended with ${code}`);
      demand(Math.min(atMs, view.nowMs) - startedAtMs >= orderlyFromMs, `${action.instance} ended at once`);
    }
  },

  "what waits is woken within the longest pause, however the clock was set": ({ plan, nowMs }) => {
    const { wakeAtMs } = plan;
    if (wakeAtMs !== undefined) demand(wakeAtMs <= nowMs + longestPauseMs, "it waits for too long");
  },

  "what could not be put right lately waits for its time, unless somebody asks": (view) => {
    if (view.goal.cause === "operation" || view.goal.candidate) return;
    for (const { name, notBeforeMs = view.nowMs } of view.goal.components)
      for (const { action } of view.steps("start", "stop", "stand", "remove", "pull"))
        demand(action.component !== name || notBeforeMs <= view.nowMs, `${action.do} of ${name}`);
  },
};
