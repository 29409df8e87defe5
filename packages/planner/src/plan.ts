import type { Blocked, Plan } from "./action.ts";
import { arrange } from "./arrange.ts";
import { planComponent } from "./component.ts";
import type { ComponentPlan } from "./component-plan.ts";
import type { ComponentGoal, ServiceGoal } from "./goal.ts";
import { isActive, type Observation, sightingOf } from "./observation.ts";
import { portsOverlap } from "./ports.ts";
import { waitForHealth } from "./wait-for-health.ts";

/**
 * What to do so that what runs becomes what is wanted; no steps means converged. Pure, so it is also `--dry-run`,
 * and what goes on after a crash: the same facts give the same steps, whatever was done before.
 *
 * Pulls go first of all, to keep the gap short. Old instances are stopped but kept until the revision is accepted as
 * a whole; only then are they removed. A rejected revision is the same path with the current one as the target.
 */
export function plan(goal: ServiceGoal, observation: Observation, nowMs: number): Plan {
  const { candidate, cause, components, desired, managed } = goal;
  if (desired === "ignore" || (cause === "repair" && managed !== "heal" && !candidate)) return nothing([]);

  const unknown = findUnknown(goal, observation);
  // A revision stands or falls as a whole, so half of it is not begun.
  if (unknown.length > 0 && candidate && desired !== "absent") return nothing(unknown);

  // Whoever looks now: somebody asked for a revision that is on trial, or for what ran before it.
  const isAsked = cause === "operation" || candidate !== undefined;
  const isUnknown = new Set(unknown.map(({ component }) => component));
  const known = components
    .filter(({ name }) => !isUnknown.has(name))
    .map((component) => planComponent(goal, { goal: component, candidate, isAsked, observation, nowMs }));
  const held = isAsked ? [] : findHeld(components, known, nowMs);
  const isUntouched = new Set([...isUnknown, ...held.map(({ name }) => name)]);
  const blocked = [...unknown];
  let gated = waitForHealth(goal, known, observation, isAsked, isUntouched);
  // Who waits keeps its ports, and others wait for those, or for its health: until nobody else has to.
  for (let before = -1; before !== isUntouched.size; ) {
    before = isUntouched.size;
    for (const name of gated.waiting) isUntouched.add(name);
    const waiting = findWaiting(components, known, isUntouched, observation);
    blocked.push(...waiting);
    for (const { component } of waiting) isUntouched.add(component);
    gated = waitForHealth(goal, known, observation, isAsked, isUntouched);
  }
  const parts = freeSharedPorts(gated.plans.filter(({ component }) => !isUntouched.has(component)));
  const wakes = [
    ...parts.flatMap(({ wakeAtMs }) => wakeAtMs ?? []),
    ...held.flatMap(({ notBeforeMs }) => notBeforeMs ?? []),
  ];
  return {
    steps: arrange(goal, parts, isUntouched.size === 0),
    notes: [...new Set(parts.flatMap(({ notes }) => notes))],
    blocked,
    ...(wakes.length > 0 && { wakeAtMs: Math.min(...wakes) }),
  };
}

const nothing = (blocked: readonly Blocked[]): Plan => ({ steps: [], notes: [], blocked });

function findUnknown(goal: ServiceGoal, observation: Observation): Blocked[] {
  return goal.components.flatMap(({ name, instances }) => {
    for (const instance of instances) {
      const sighting = sightingOf(observation, instance.name);
      if (sighting.state === "unknown") return [{ component: name, why: sighting.why }];
    }
    return [];
  });
}

/** Components that need something done, and must wait since that failed lately: the others do not wait for them. */
function findHeld(
  components: readonly ComponentGoal[],
  known: readonly ComponentPlan[],
  nowMs: number,
): ComponentGoal[] {
  return components.filter(
    ({ name, notBeforeMs }) =>
      notBeforeMs !== undefined &&
      notBeforeMs > nowMs &&
      known.some((part) => part.component === name && needsSteps(part)),
  );
}

const needsSteps = ({ pull, stopBefore, removeBefore, start, stand, stopAfter, remove }: ComponentPlan) =>
  [pull, stopBefore, removeBefore, start, stand, stopAfter, remove].some((steps) => steps.length > 0);

/**
 * Components that want a host port which an instance of a blocked one holds, or may hold. What waits keeps its own ports,
 * so others may have to wait for it in turn.
 */
function findWaiting(
  components: readonly ComponentGoal[],
  known: readonly ComponentPlan[],
  isUntouched: ReadonlySet<string>,
  observation: Observation,
): Blocked[] {
  const mayRun = (name: string): boolean => {
    const sighting = sightingOf(observation, name);
    return sighting.state === "unknown" || isActive(sighting);
  };
  const holders = components.filter(({ name }) => isUntouched.has(name));
  const waiting: Blocked[] = [];
  // It grows while it is walked, until nobody else has to wait.
  for (const holder of holders) {
    const ports = holder.instances.filter(({ name }) => mayRun(name)).flatMap((instance) => instance.ports);
    for (const part of known) {
      if (holders.some(({ name }) => name === part.component)) continue;
      if (part.start.length === 0 || !portsOverlap(part.startPorts, ports)) continue;
      const why = `a host port that it wants may still be held by ${holder.name}, which cannot be touched now`;
      waiting.push({ component: part.component, why });
      holders.push(...components.filter(({ name }) => name === part.component));
    }
  }
  return waiting;
}

/** An old instance that would go on running beside its successor must not, if another component waits for its port. */
function freeSharedPorts(parts: readonly ComponentPlan[]): readonly ComponentPlan[] {
  return parts.map((part) => {
    const taker = parts.find(
      (other) =>
        other !== part &&
        other.start.length > 0 &&
        part.stopAfter.some(({ ports }) => portsOverlap(ports, other.startPorts)),
    );
    if (!taker) return part;
    const note = `${part.component}: update is stop-first after all, since ${taker.component} takes over its host port`;
    return {
      ...part,
      stopBefore: [...part.stopBefore, ...part.stopAfter],
      stopAfter: [],
      notes: [...part.notes, note],
    };
  });
}
