import {
  type ComponentFacts,
  type ComponentPlan,
  type Draft,
  emptyDraft,
  removeStep,
  stopStep,
} from "./component-plan.ts";
import { fittest } from "./fittest.ts";
import type { Instance, ServiceGoal, Target } from "./goal.ts";
import { carryOn, renew } from "./keep-running.ts";
import { collide } from "./network.ts";
import { isActive, sightingOf } from "./observation.ts";
import { portsOverlap } from "./ports.ts";

/** Nothing of the component may be unknown: the caller has looked. */
export function planComponent(service: ServiceGoal, facts: ComponentFacts): ComponentPlan {
  const draft = emptyDraft(facts.goal.name);
  const { target, desired } = facts.goal;
  if (service.desired === "absent") leave(draft, facts, "the service is being undeployed");
  else if (!target) leave(draft, facts, "the definition no longer has this component");
  else if (desired === "stopped") rest(draft, facts, target);
  else run(draft, facts, target);
  return draft;
}

function leave(draft: Draft, facts: ComponentFacts, why: string): void {
  const { goal, candidate } = facts;
  for (const instance of goal.instances) {
    const reason = isFailed(facts, instance) ? `revision ${candidate?.revision} failed` : why;
    if (isUp(facts, instance)) draft.stopBefore.push(stopStep(goal, instance, reason));
    draft.remove.push(removeStep(goal, instance, reason));
  }
}

/** Stopped, and what would be started again is kept. */
function rest(draft: Draft, facts: ComponentFacts, target: Target): void {
  const { goal, candidate } = facts;
  const fit = fittest(facts, target);
  for (const instance of goal.instances) {
    if (isUp(facts, instance)) draft.stopBefore.push(stopStep(goal, instance, "it should be stopped"));
    if (instance === fit) draft.keep.push(instance.name);
    // Without a successor it stays, whatever became of its settings, until a start makes one.
    else if (fit || instance.role !== "current" || candidate?.state === "trying")
      remove(draft, facts, instance);
  }
}

function run(draft: Draft, facts: ComponentFacts, target: Target): void {
  const { goal, candidate } = facts;
  const fit = fittest(facts, target);
  if (fit) carryOn(draft, facts, target, fit);
  else renew(draft, facts, target);

  const others = goal.instances.filter((instance) => instance !== fit);
  const up = others.filter((instance) => isUp(facts, instance));
  // What starts takes the ports over, so that side by side is only possible when none is shared.
  const shared = up.some((instance) => portsOverlap(instance.ports, target.ports));
  const colliding = up.find((instance) => collide(instance.place, target.place));
  const isUpdate = draft.start.length + draft.stand.length > 0 && candidate?.state !== "rejected";
  const sideBySide = isUpdate && target.update === "start-first";
  if (sideBySide && shared)
    draft.notes.push(
      `${goal.name}: update is stop-first after all, since the old and the new one hold the same host port`,
    );
  else if (sideBySide && colliding)
    draft.notes.push(
      `${goal.name}: update is stop-first after all, since the old and the new one have the same address on ${target.place?.bridge}`,
    );
  for (const instance of up)
    (sideBySide && !shared && !colliding ? draft.stopAfter : draft.stopBefore).push(
      stopStep(goal, instance, supersededBecause(facts, instance)),
    );
  for (const instance of others) remove(draft, facts, instance);
}

function remove(draft: Draft, facts: ComponentFacts, instance: Instance): void {
  const step = removeStep(facts.goal, instance, supersededBecause(facts, instance));
  (isFailed(facts, instance) ? draft.removeBefore : draft.remove).push(step);
}

const isUp = ({ observation }: ComponentFacts, instance: Instance): boolean =>
  isActive(sightingOf(observation, instance.name));

const isFailed = ({ candidate }: ComponentFacts, instance: Instance): boolean =>
  candidate?.state === "rejected" && instance.role === "candidate";

function supersededBecause(facts: ComponentFacts, instance: Instance): string {
  const { candidate } = facts;
  if (isFailed(facts, instance)) return `revision ${candidate?.revision} failed`;
  if (candidate?.state === "trying") return `revision ${candidate.revision} takes its place`;
  return "another instance takes its place";
}
