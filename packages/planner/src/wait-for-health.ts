import { dependenciesFirst } from "./arrange.ts";
import { type ComponentPlan, standStep } from "./component-plan.ts";
import type { ComponentGoal, Instance, ServiceGoal } from "./goal.ts";
import { healthOf, type Observation, sightingOf } from "./observation.ts";

/**
 * What depends on a component with a health check, also through others, starts only once that is healthy, or has done
 * its work: a check has nothing to ask of what has ended well and is left so.
 *
 * Where somebody asked, the plan stands by what is not healthy yet, and goes on. Where nobody did, what depends on it is
 * left out: the service's lane must stay free for whatever else needs repair, and its health is reason enough to look
 * again.
 *
 * @param isUntouched  components that this plan does nothing about.
 * @returns the plans, with what they stand by; and the components that must wait for another plan.
 */
export function waitForHealth(
  goal: ServiceGoal,
  plans: readonly ComponentPlan[],
  observation: Observation,
  isAsked: boolean,
  isUntouched: ReadonlySet<string>,
): { readonly plans: readonly ComponentPlan[]; readonly waiting: readonly string[] } {
  if (!goal.components.some(({ target }) => target?.health)) return { plans, waiting: [] };
  const planOf = new Map(plans.map((plan) => [plan.component, plan]));
  const standBy = new Set<string>();
  const waiting: string[] = [];
  /** Of each component: itself and what it depends on, as far as that is not healthy and should be. */
  const notHealthy = new Map<string, ReadonlySet<string>>();
  for (const component of dependenciesFirst(goal.components)) {
    const { name, target } = component;
    const below = new Set((target?.dependsOn ?? []).flatMap((one) => [...(notHealthy.get(one) ?? [])]));
    if (below.size > 0 && (planOf.get(name)?.start.length ?? 0) > 0) {
      // What is not touched cannot be stood by.
      if (isAsked && [...below].every((one) => planOf.has(one) && !isUntouched.has(one)))
        for (const one of below) standBy.add(one);
      else waiting.push(name);
    }
    const isFine = !shouldBeHealthy(component) || isFineAsItIs(component, planOf.get(name), observation);
    notHealthy.set(name, isFine ? below : below.add(name));
  }
  return {
    plans: plans.map((plan) => (standBy.has(plan.component) ? standingBy(plan, goal) : plan)),
    waiting,
  };
}

/** What a component that is down waits for, as was seen: itself and through others, and where somebody puts it right. */
export function unhealthyBelow(
  { components, desired, managed }: ServiceGoal,
  component: ComponentGoal,
  observation: Observation,
): readonly string[] {
  if (desired === "ignore" || managed !== "heal") return [];
  const found: string[] = [];
  const seen = new Set([component.name]);
  const visit = (names: readonly string[]): void => {
    for (const name of names) {
      const below = seen.has(name) ? undefined : components.find((one) => one.name === name);
      if (!below) continue;
      seen.add(name);
      const isFine = below.instances.some(
        (instance) =>
          healthOf(sightingOf(observation, instance.name))?.state === "healthy" ||
          hasDoneItsWork(below, instance, observation),
      );
      if (shouldBeHealthy(below) && !isFine) found.push(name);
      visit(below.target?.dependsOn ?? []);
    }
  };
  visit(component.target?.dependsOn ?? []);
  return found;
}

/** A shorter wait is part of many a start. */
const leastWaitMs = 60_000;

/** How long waiting for these may last before something is wrong, in ms: it could be known by then how they are. */
export const longestWaitMs = ({ components }: ServiceGoal, names: readonly string[]): number =>
  Math.max(
    leastWaitMs,
    ...components.map(({ name, target }) => (names.includes(name) ? (target?.health?.limitMs ?? 0) : 0)),
  );

const shouldBeHealthy = ({ target, desired }: ComponentGoal): boolean =>
  target?.health !== undefined && desired === "running";

function isFineAsItIs(
  component: ComponentGoal,
  plan: ComponentPlan | undefined,
  observation: Observation,
): boolean {
  const instance = component.instances.find(({ name }) => name === plan?.keep[0]);
  if (!plan || !instance || plan.start.length > 0) return false;
  if (healthOf(sightingOf(observation, instance.name))?.state === "healthy") return true;
  return plan.stand.length === 0 && hasDoneItsWork(component, instance, observation);
}

/** Accepted, ended with success, and left so by its restart policy. */
function hasDoneItsWork(
  { target }: ComponentGoal,
  { role, name }: Instance,
  observation: Observation,
): boolean {
  const sighting = sightingOf(observation, name);
  const isLeft = target?.restart.policy === "no" || target?.restart.policy === "on-failure";
  return role === "current" && isLeft && sighting.state === "exited" && sighting.exit?.code === 0;
}

function standingBy(plan: ComponentPlan, { components, candidate }: ServiceGoal): ComponentPlan {
  const component = components.find(({ name }) => name === plan.component);
  const [instance] = plan.keep;
  if (plan.stand.length > 0 || !component?.target || instance === undefined) return plan;
  const { action } = standStep(component, component.target, instance, "");
  const reason = "what depends on it waits until it is healthy";
  // What ran before comes back in any case: if this one was never healthy, nothing could be undone otherwise.
  const isUndone = candidate?.state === "rejected";
  return { ...plan, stand: [{ action: { ...action, ...(isUndone && { mayFail: true }) }, reason }] };
}
