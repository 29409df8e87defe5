import { healthOf, judge, sightingOf } from "@mcp/planner";
import type { Look } from "../engine/service-state.ts";

/** What of a service should run and does not, or is not known to be healthy, each with how it is; a job that succeeded is well. */
export function findUnwell({ record, goal, observation }: Look, nowMs: number): string[] {
  if (record.candidate) return [`${record.name} (being deployed)`];
  return goal.components.flatMap((component) => {
    const { name, desired, target } = component;
    if (desired !== "running" || !target) return [];
    const { observed, instance, hasSucceeded } = judge(goal, component, observation, nowMs);
    if (hasSucceeded) return [];
    const health = healthOf(sightingOf(observation, instance ?? ""));
    if (observed === "running" && (!target.health || health?.state === "healthy")) return [];
    const called = name === record.name ? name : `${record.name}/${name}`;
    return [`${called} (${observed === "running" ? "not known to be healthy yet" : observed})`];
  });
}
