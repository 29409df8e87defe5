import type { ComponentGoal, Instance, ServiceGoal } from "./goal.ts";
import { healthOf, isActive, type Observation, type Sighting, sightingOf } from "./observation.ts";
import { foresee, type Prospect } from "./prospect.ts";
import { describeEnd } from "./restart.ts";
import { unhealthyBelow } from "./wait-for-health.ts";

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
  | "crash_looping"
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

export interface Judgement extends Prospect {
  readonly observed: ObservedState;
  readonly drift: readonly Drift[];
  /** The instance that was judged: the one that should run, or what is left of it. */
  readonly instance?: string;
  /** It is down, and is started only once these are healthy. */
  readonly waitsFor?: readonly string[];
}

/** What one component of a service is, how that differs from what it should be, and what becomes of it. */
export function judge(
  service: ServiceGoal,
  goal: ComponentGoal,
  observation: Observation,
  nowMs: number,
): Judgement {
  const shouldRun = goal.desired === "running" && goal.target !== undefined;
  const instance = foremost(goal, observation, shouldRun);
  if (!instance && !shouldRun) return { observed: "stopped", drift: [] };
  if (!instance) {
    const below = unhealthyBelow(service, goal, observation);
    const drift = withReason({ kind: "missing", text: "it has no instance" }, below);
    return { observed: "missing", drift: [drift], ...(below.length > 0 && { waitsFor: below }) };
  }
  const sighting = sightingOf(observation, instance.name);
  const prospect = shouldRun ? foresee(service, goal, instance, sighting, nowMs) : {};
  const { crashLoop, leftBecause } = prospect;
  const isDown = sighting.state === "exited" || sighting.state === "missing";
  const isToStart = shouldRun && isDown && leftBecause === undefined;
  const below = isToStart ? unhealthyBelow(service, goal, observation) : [];
  return {
    observed: crashLoop
      ? "crash-looping"
      : isAwaited(goal, instance, sighting)
        ? "starting"
        : observedState(sighting, shouldRun),
    drift: crashLoop
      ? [{ kind: "crash_looping", text: crashLoop.text }]
      : driftOf(goal, instance, sighting, shouldRun).map((drift) => withReason(drift, below)),
    instance: instance.name,
    ...(below.length > 0 && { waitsFor: below }),
    ...prospect,
  };
}

/** What is on trial has to prove its health; what was accepted is taken to run until its checks say otherwise. */
const isAwaited = ({ target }: ComponentGoal, { role }: Instance, sighting: Sighting): boolean =>
  role === "candidate" &&
  target?.health !== undefined &&
  sighting.state === "running" &&
  sighting.health === undefined;

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
    case "running":
      return healthStates[sighting.health?.state ?? "healthy"];
    default:
      return sighting.state;
  }
}

const healthStates = { starting: "starting", healthy: "running", unhealthy: "unhealthy" } as const;

function driftOf(goal: ComponentGoal, instance: Instance, sighting: Sighting, shouldRun: boolean): Drift[] {
  if (sighting.state === "unknown") return [{ kind: "unknown", text: sighting.why }];
  if (!shouldRun)
    return isActive(sighting) ? [{ kind: "not_stopped", text: "it runs, though it should be stopped" }] : [];
  if (sighting.state === "missing") return [{ kind: "missing", text: "its runtime no longer knows it" }];
  if (sighting.state === "exited") return [{ kind: "exited", text: describeEnd(sighting) }];
  if (sighting.specHash !== instance.specHash || instance.specHash !== goal.target?.specHash)
    return [wrongSettings(goal, sighting.imageDigest)];
  const health = healthOf(sighting);
  return health?.state === "unhealthy" ? [{ kind: "unhealthy", text: describeEnd(sighting) }] : [];
}

/** Why it stays down, if that is for the health of others. */
function withReason(drift: Drift, below: readonly string[]): Drift {
  return below.length === 0 ? drift : { ...drift, text: `${drift.text}; ${describeWait(below)}` };
}

/** For people. */
export const describeWait = (names: readonly string[]): string =>
  `it waits until ${names.join(" and ")} ${names.length === 1 ? "is" : "are"} healthy`;

/** By somebody's hand, or by a revision that is not current. */
function wrongSettings({ target }: ComponentGoal, imageDigest: string | undefined): Drift {
  return imageDigest !== undefined && target !== undefined && imageDigest !== target.image.digest
    ? { kind: "wrong_image", text: "its image is not that of its revision" }
    : { kind: "wrong_spec", text: "its settings are not those of its revision" };
}
