import type { Action, Blocked, Plan, Step } from "./action.ts";
import { type ComponentPlan, planComponent, portsOverlap } from "./component.ts";
import type { ServiceGoal } from "./goal.ts";
import { type Observation, sightingOf } from "./observation.ts";

/**
 * What to do so that what runs becomes what is wanted; no steps means converged. Pure, so it is also `--dry-run`,
 * and what goes on after a crash: the same facts give the same steps, whatever was done before.
 *
 * Pulls go first of all, to keep the gap short. Old instances are stopped but kept until the revision is accepted as
 * a whole; only then are they removed. A rejected revision is the same path with the current one as the target.
 */
export function plan(goal: ServiceGoal, observation: Observation, nowMs: number): Plan {
  if (goal.desired === "ignore" || (goal.cause === "repair" && goal.managed !== "heal" && !goal.candidate))
    return { steps: [], notes: [], blocked: [] };

  const blocked = findBlocked(goal, observation);
  const isBlocked = new Set(blocked.map(({ component }) => component));
  // A revision stands or falls as a whole, so half of it is not begun.
  if (blocked.length > 0 && goal.candidate) return { steps: [], notes: [], blocked };

  const parts = goal.components
    .filter(({ name }) => !isBlocked.has(name))
    .map((component) => planComponent(goal, component, observation, nowMs));
  const steps = new StepList();
  arrange(steps, goal, freeSharedPorts(parts), blocked.length === 0);
  const wakes = parts.flatMap(({ wakeAtMs }) => wakeAtMs ?? []);
  return {
    steps: steps.inOrder(),
    notes: [...new Set(parts.flatMap(({ notes }) => notes))],
    blocked,
    ...(wakes.length > 0 && { wakeAtMs: Math.min(...wakes) }),
  };
}

function findBlocked(goal: ServiceGoal, observation: Observation): Blocked[] {
  return goal.components.flatMap(({ name, instances }) => {
    for (const instance of instances) {
      const sighting = sightingOf(observation, instance.name);
      if (sighting.state === "unknown") return [{ component: name, why: sighting.why }];
    }
    return [];
  });
}

/** A component that would go on running beside its successor must not, if another one waits for its port. */
function freeSharedPorts(parts: readonly ComponentPlan[]): readonly ComponentPlan[] {
  return parts.map((part) => {
    const wanted = parts.some(
      (other) => other !== part && other.start.length > 0 && portsOverlap(other.startPorts, part.startPorts),
    );
    return wanted && part.stopAfter.length > 0
      ? { ...part, stopBefore: [...part.stopBefore, ...part.stopAfter], stopAfter: [] }
      : part;
  });
}

/**
 * The order between steps. `stopBefore` waits only for pulls and for the stops of its dependents, `start` only for
 * stops and for the starts of what it depends on, the rest only for what is named here: so there can be no circle.
 */
function arrange(
  steps: StepList,
  goal: ServiceGoal,
  parts: readonly ComponentPlan[],
  mayFinish: boolean,
): void {
  const pulls = parts.flatMap((part) => part.pull.map((step) => steps.add(step.action, step.reason, [])));
  const byName = new Map(parts.map((part) => [part.component, part]));
  const inOrder = dependenciesFirst(parts, byName);

  const stopsOf = new Map<string, number[]>();
  for (const part of inOrder.toReversed()) {
    const dependents = parts.filter(({ dependsOn }) => dependsOn.includes(part.component));
    const after = [...pulls, ...dependents.flatMap(({ component }) => stopsOf.get(component) ?? [])];
    stopsOf.set(
      part.component,
      part.stopBefore.map((step) => steps.add(step.action, step.reason, after)),
    );
  }

  // Undoing: what failed is removed before what ran before it starts again, so that nothing is left of it.
  const isUndoing = goal.candidate?.state === "rejected" && goal.desired !== "absent";
  const removesOf = new Map<string, number[]>();
  const addRemoves = (part: ComponentPlan, after: readonly number[]): void => {
    removesOf.set(
      part.component,
      part.remove.map((step) => steps.add(step.action, step.reason, after)),
    );
  };
  if (isUndoing) for (const part of inOrder) addRemoves(part, stopsOf.get(part.component) ?? []);

  const allStops = [...stopsOf.values()].flat();
  const startedBy = new Map<string, number[]>();
  const standing: number[] = [];
  for (const part of inOrder) {
    const after = [
      ...pulls,
      ...allStops,
      ...(removesOf.get(part.component) ?? []),
      ...part.dependsOn.flatMap((name) => startedBy.get(name) ?? []),
    ];
    const started = part.start.map((step) => steps.add(step.action, step.reason, after));
    startedBy.set(part.component, started);
    const stood = part.stand.map((step) => steps.add(step.action, step.reason, started));
    const stopped = part.stopAfter.map((step) =>
      steps.add(step.action, step.reason, stood.length > 0 ? stood : started),
    );
    standing.push(...started, ...stood, ...stopped);
  }

  if (goal.candidate?.state === "trying" && goal.desired !== "absent" && mayFinish) {
    const keep = parts.flatMap((part) => part.keep);
    const accepted = steps.add(
      { do: "accept", revision: goal.candidate.revision, keep },
      "all that it asks for is so",
      [...allStops, ...standing],
    );
    for (const part of inOrder) addRemoves(part, [accepted]);
    return;
  }
  if (!isUndoing)
    for (const part of inOrder) {
      const own = [...(stopsOf.get(part.component) ?? []), ...(startedBy.get(part.component) ?? [])];
      addRemoves(part, part.stopAfter.length > 0 ? [...own, ...standing] : own);
    }
  const everything = [...allStops, ...standing, ...[...removesOf.values()].flat()];
  if (isUndoing && goal.candidate && mayFinish)
    steps.add({ do: "discard", revision: goal.candidate.revision }, "what ran before runs again", everything);
  if (goal.desired === "absent" && mayFinish)
    steps.add({ do: "forget" }, "nothing of it is left", everything);
}

function dependenciesFirst(
  parts: readonly ComponentPlan[],
  byName: ReadonlyMap<string, ComponentPlan>,
): ComponentPlan[] {
  const sorted = new Set<ComponentPlan>();
  const visit = (part: ComponentPlan, path: ReadonlySet<ComponentPlan>): void => {
    if (sorted.has(part) || path.has(part)) return;
    for (const name of part.dependsOn) {
      const dependency = byName.get(name);
      if (dependency) visit(dependency, new Set([...path, part]));
    }
    sorted.add(part);
  };
  for (const part of parts) visit(part, new Set());
  return [...sorted];
}

class StepList {
  readonly #steps: Step[] = [];

  add(action: Action, reason: string, after: readonly number[]): number {
    const number = this.#steps.length + 1;
    this.#steps.push({ number, action, reason, after: [...new Set(after)].sort((a, b) => a - b) });
    return number;
  }

  inOrder(): readonly Step[] {
    return this.#steps;
  }
}
