import type { ComponentGoal, Instance } from "./goal.ts";
import { isActive, type Observation, type Sighting, sightingOf } from "./observation.ts";
import { describeEnd } from "./restart.ts";

export type ObservedState =
  | "running"
  | "starting"
  | "unhealthy"
  | "stopping"
  | "stopped"
  | "exited"
  | "crash-looping"
  | "missing"
  | "unknown";

export type DriftKind =
  | "missing"
  | "exited"
  | "unhealthy"
  | "wrong_spec"
  | "wrong_image"
  | "not_stopped"
  | "unmanaged"
  | "unknown";

export interface Drift {
  readonly kind: DriftKind;
  /** For people: what was found. */
  readonly text: string;
}

export interface Judgement {
  readonly observed: ObservedState;
  readonly drift: readonly Drift[];
  /** The instance that was judged: the one that should run, or what is left of it. */
  readonly instance?: string;
}

/** What one component is, and how that differs from what it should be. */
export function judge(goal: ComponentGoal, observation: Observation): Judgement {
  const shouldRun = goal.desired === "running" && goal.target !== undefined;
  const instance = foremost(goal, observation, shouldRun);
  if (!instance)
    return shouldRun
      ? { observed: "missing", drift: [{ kind: "missing", text: "it has no instance" }] }
      : { observed: "stopped", drift: [] };
  const sighting = sightingOf(observation, instance.name);
  return {
    observed: observedState(sighting, shouldRun),
    drift: driftOf(goal, instance, sighting, shouldRun),
    instance: instance.name,
  };
}

/** Where nothing should run, whatever does is what matters. */
function foremost(goal: ComponentGoal, observation: Observation, shouldRun: boolean): Instance | undefined {
  const rank = (instance: Instance): number =>
    (instance.role === "current" ? 4 : instance.role === "candidate" ? 2 : 0) +
    (isActive(sightingOf(observation, instance.name)) ? (shouldRun ? 1 : 8) : 0);
  return [...goal.instances].sort((a, b) => rank(b) - rank(a))[0];
}

export function observedState(sighting: Sighting, shouldRun: boolean): ObservedState {
  switch (sighting.state) {
    case "created":
      return shouldRun ? "starting" : "stopped";
    case "exited":
      return shouldRun ? "exited" : "stopped";
    case "missing":
      return shouldRun ? "missing" : "stopped";
    default:
      return sighting.state;
  }
}

function driftOf(goal: ComponentGoal, instance: Instance, sighting: Sighting, shouldRun: boolean): Drift[] {
  if (sighting.state === "unknown") return [{ kind: "unknown", text: sighting.why }];
  if (!shouldRun)
    return isActive(sighting) ? [{ kind: "not_stopped", text: "it runs, though it should be stopped" }] : [];
  if (sighting.state === "missing") return [{ kind: "missing", text: "its runtime no longer knows it" }];
  if (sighting.state === "exited") return [{ kind: "exited", text: describeEnd(sighting) }];
  if (sighting.specHash !== instance.specHash || instance.specHash !== goal.target?.specHash)
    return [{ kind: "wrong_spec", text: "its settings are not those of its revision" }];
  return [];
}
