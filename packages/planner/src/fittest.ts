import type { ComponentFacts } from "./component-plan.ts";
import type { Instance, Target } from "./goal.ts";
import { isActive, sightingOf } from "./observation.ts";

/**
 * The instance that has the target's settings, in the registry's eyes and in the runtime's; a running one first.
 *
 * A retired one may come back only with a revision on trial, whose acceptance makes it current again. Nothing of a
 * rejected revision stays, even if its settings would do: it would be left as the candidate of a revision that is gone.
 */
export function fittest(
  { goal, candidate, observation }: ComponentFacts,
  target: Target,
): Instance | undefined {
  const mayStay = (instance: Instance): boolean =>
    instance.role === "current" ||
    (instance.role === "retired" ? candidate?.state === "trying" : candidate?.state !== "rejected");
  const score = (instance: Instance): number =>
    (isActive(sightingOf(observation, instance.name)) ? 2 : 0) + (instance.role === "retired" ? 0 : 1);
  return goal.instances
    .filter((instance) => {
      const sighting = sightingOf(observation, instance.name);
      const seen = "specHash" in sighting ? sighting.specHash : target.specHash;
      return mayStay(instance) && instance.specHash === target.specHash && seen === target.specHash;
    })
    .reduce<Instance | undefined>(
      (best, instance) => (best && score(best) >= score(instance) ? best : instance),
      undefined,
    );
}
