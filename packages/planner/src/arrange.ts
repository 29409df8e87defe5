import type { PortMapping } from "@mcp/runtime";
import type { Action, Step } from "./action.ts";
import type { ComponentPlan } from "./component-plan.ts";
import type { ComponentGoal, ServiceGoal } from "./goal.ts";
import { portsOverlap } from "./ports.ts";

/**
 * The order between steps. `stopBefore` waits only for pulls and for the stops of its dependents, `start` only for
 * stops, for what failed to be gone, and for the starts (and the health) of what it depends on, the rest only for what is named here: so
 * there can be no circle.
 *
 * A revision on trial moves as a whole: every pull before the first stop, every stop before the first start. Otherwise
 * components wait only for what they need, so that one whose image cannot be pulled does not keep the others down.
 */
export function arrange(
  goal: ServiceGoal,
  parts: readonly ComponentPlan[],
  isComplete: boolean,
): readonly Step[] {
  const steps = new StepList();
  const isLeaving = goal.desired === "absent";
  const trial = !isLeaving && goal.candidate?.state === "trying" ? goal.candidate : undefined;
  const rejected = !isLeaving && goal.candidate?.state === "rejected" ? goal.candidate : undefined;
  const ofComponent = new Map(parts.map((part) => [part.component, part]));
  const inOrder = dependenciesFirst(goal.components);

  const pulls = new Map<string, number>();
  for (const { action, reason } of parts.flatMap(({ pull }) => pull))
    if (!pulls.has(action.image.digest)) pulls.set(action.image.digest, steps.add(action, reason, []));
  const pullsFor = (part: ComponentPlan): number[] =>
    trial ? [...pulls.values()] : part.pull.flatMap(({ action }) => pulls.get(action.image.digest) ?? []);

  // What has nothing to do itself passes on what is before it, so that an order reaches through it.
  const stops: { number: number; ports: readonly PortMapping[] }[] = [];
  const stopsFrom = new Map<string, readonly number[]>();
  for (const { name } of inOrder.toReversed()) {
    const dependents = goal.components.filter(({ target }) => target?.dependsOn.includes(name));
    const above = dependents.flatMap((dependent) => stopsFrom.get(dependent.name) ?? []);
    const part = ofComponent.get(name);
    const own = (part?.stopBefore ?? []).map(({ action, reason, ports }) => {
      const number = steps.add(action, reason, [...(part ? pullsFor(part) : []), ...above]);
      stops.push({ number, ports });
      return number;
    });
    stopsFrom.set(name, own.length > 0 ? own : above);
  }

  const startsTo = new Map<string, readonly number[]>();
  const removals: { step: ComponentPlan["remove"][number]; after: readonly number[] }[] = [];
  for (const { name, target } of inOrder) {
    const below = (target?.dependsOn ?? []).flatMap((dependency) => startsTo.get(dependency) ?? []);
    startsTo.set(name, below);
    const part = ofComponent.get(name);
    if (!part) continue;
    const ownStops = part.stopBefore.length > 0 ? (stopsFrom.get(name) ?? []) : [];
    const gone = part.removeBefore.map(({ action, reason }) => steps.add(action, reason, ownStops));
    const freed = stops.filter(({ ports }) => trial || portsOverlap(ports, part.startPorts));
    const before = [...pullsFor(part), ...ownStops, ...freed.map(({ number }) => number), ...gone, ...below];
    const started = part.start.map(({ action, reason }) => steps.add(action, reason, before));
    const stood = part.stand.map(({ action, reason }) => steps.add(action, reason, started));
    const stopped = part.stopAfter.map(({ action, reason }) =>
      steps.add(action, reason, [...started, ...stood]),
    );
    if (started.length > 0) startsTo.set(name, started);
    // Where it has a health check, what depends on it waits for that; one that runs already does so from the start.
    if (target?.health && stood.length > 0)
      startsTo.set(name, started.length > 0 ? stood : [...below, ...stood]);
    const after = [...ownStops, ...started, ...stood, ...stopped];
    removals.push(...part.remove.map((step) => ({ step, after })));
  }

  if (trial) {
    const keep = parts.flatMap((part) => part.keep);
    const action = { do: "accept", revision: trial.revision, keep } as const;
    const accepted = steps.add(action, "all that it asks for is so", steps.numbers());
    for (const { step } of removals) steps.add(step.action, step.reason, [accepted]);
    return steps.inOrder();
  }
  for (const { step, after } of removals) steps.add(step.action, step.reason, after);
  if (!isComplete) return steps.inOrder();
  if (rejected)
    steps.add({ do: "discard", revision: rejected.revision }, "what ran before is so again", steps.numbers());
  if (isLeaving) steps.add({ do: "forget" }, "nothing of it is left", steps.numbers());
  return steps.inOrder();
}

/** Each after all that it depends on; where that is a circle, in the order they came. */
export function dependenciesFirst(components: readonly ComponentGoal[]): ComponentGoal[] {
  const byName = new Map(components.map((component) => [component.name, component]));
  const sorted = new Set<ComponentGoal>();
  const onPath = new Set<ComponentGoal>();
  const visit = (component: ComponentGoal): void => {
    if (sorted.has(component) || onPath.has(component)) return;
    onPath.add(component);
    for (const name of component.target?.dependsOn ?? []) {
      const dependency = byName.get(name);
      if (dependency) visit(dependency);
    }
    onPath.delete(component);
    sorted.add(component);
  };
  for (const component of components) visit(component);
  return [...sorted];
}

class StepList {
  readonly #steps: Step[] = [];

  add(action: Action, reason: string, after: readonly number[]): number {
    const number = this.#steps.length + 1;
    this.#steps.push({ number, action, reason, after: [...new Set(after)].sort((a, b) => a - b) });
    return number;
  }

  numbers(): number[] {
    return this.#steps.map(({ number }) => number);
  }

  inOrder(): readonly Step[] {
    return this.#steps;
  }
}
