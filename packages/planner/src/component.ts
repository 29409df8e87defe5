import type { PortMapping } from "@mcp/runtime";
import type { Action } from "./action.ts";
import type { ComponentGoal, Instance, ServiceGoal, Target } from "./goal.ts";
import { isActive, type Observation, sightingOf } from "./observation.ts";
import { decideRestart, describeEnd } from "./restart.ts";

/** What one component needs, before it is put in order with the others. */
export interface ComponentPlan {
  readonly component: string;
  readonly dependsOn: readonly string[];
  readonly pull: Reasoned<"pull">[];
  /** Must end before anything of this component, or anything that wants their ports, starts. */
  readonly stopBefore: Reasoned<"stop">[];
  readonly start: Reasoned<"start">[];
  readonly stand: Reasoned<"stand">[];
  /** Update start-first: they go once the new one stands. */
  readonly stopAfter: Reasoned<"stop">[];
  readonly remove: Reasoned<"remove">[];
  /** Ports that what starts will hold. */
  readonly startPorts: readonly PortMapping[];
  /** The instance that carries on, by name. */
  readonly keep: readonly string[];
  readonly wakeAtMs?: number;
  readonly notes: readonly string[];
}

export interface Reasoned<Do extends Action["do"]> {
  readonly action: Extract<Action, { do: Do }>;
  readonly reason: string;
}

interface Draft extends ComponentPlan {
  startPorts: readonly PortMapping[];
  keep: string[];
  wakeAtMs?: number;
  notes: string[];
}

/** Nothing of `goal` may be unknown: the caller has looked. */
export function planComponent(
  service: ServiceGoal,
  goal: ComponentGoal,
  observation: Observation,
  nowMs: number,
): ComponentPlan {
  const draft: Draft = {
    component: goal.name,
    dependsOn: goal.target?.dependsOn ?? [],
    pull: [],
    stopBefore: [],
    start: [],
    stand: [],
    stopAfter: [],
    remove: [],
    startPorts: [],
    keep: [],
    notes: [],
  };
  if (service.desired === "absent") leave(draft, goal, observation, "the service is being undeployed");
  else if (!goal.target) leave(draft, goal, observation, "the definition no longer has this component");
  else if (service.desired === "stopped" || goal.desired === "stopped")
    rest(draft, service, goal, goal.target, observation);
  else run(draft, service, goal, goal.target, observation, nowMs);
  return draft;
}

function leave(draft: Draft, goal: ComponentGoal, observation: Observation, reason: string): void {
  for (const instance of goal.instances) {
    if (isActive(sightingOf(observation, instance.name))) draft.stopBefore.push(stop(goal, instance, reason));
    draft.remove.push(remove(goal, instance, reason));
  }
}

/** Stopped, and what would be started again is kept. */
function rest(
  draft: Draft,
  service: ServiceGoal,
  goal: ComponentGoal,
  target: Target,
  observation: Observation,
): void {
  const fit = fittest(goal, target, observation);
  for (const instance of goal.instances) {
    if (isActive(sightingOf(observation, instance.name)))
      draft.stopBefore.push(stop(goal, instance, "it should be stopped"));
    if (instance === fit) draft.keep.push(instance.name);
    else draft.remove.push(remove(goal, instance, supersededBecause(service, instance)));
  }
}

function run(
  draft: Draft,
  service: ServiceGoal,
  goal: ComponentGoal,
  target: Target,
  observation: Observation,
  nowMs: number,
): void {
  const fit = fittest(goal, target, observation);
  if (fit) carryOn(draft, service, goal, target, fit, observation, nowMs);
  else renew(draft, service, goal, target, observation);

  // What starts takes the ports over, so that side by side is only possible when none is shared.
  const overlap = goal.instances.some((instance) => portsOverlap(instance.ports, target.ports));
  const sideBySide = target.update === "start-first" && !overlap && service.candidate?.state !== "rejected";
  for (const instance of goal.instances) {
    if (instance === fit) continue;
    const reason = supersededBecause(service, instance);
    if (isActive(sightingOf(observation, instance.name))) {
      const first = draft.start.length > 0 && sideBySide;
      (first ? draft.stopAfter : draft.stopBefore).push(stop(goal, instance, reason));
      if (draft.start.length > 0 && target.update === "start-first" && overlap)
        draft.notes.push(
          `${goal.name}: update is stop-first after all, since the old and the new one hold the same host port`,
        );
    }
    draft.remove.push(remove(goal, instance, reason));
  }
}

/** An instance with the right settings is there: let it run, or start it again. */
function carryOn(
  draft: Draft,
  service: ServiceGoal,
  goal: ComponentGoal,
  target: Target,
  fit: Instance,
  observation: Observation,
  nowMs: number,
): void {
  draft.keep.push(fit.name);
  const sighting = sightingOf(observation, fit.name);
  const mustStand = service.cause === "operation" && service.candidate?.state !== "rejected";
  const isCandidate = fit.role === "candidate";

  if (sighting.state === "running" || sighting.state === "starting") {
    if (goal.restartBeforeMs !== undefined && (fit.startedAtMs ?? 0) < goal.restartBeforeMs) {
      draft.stopBefore.push(stop(goal, fit, "a restart was asked for"));
      startAgain("a restart was asked for", false);
    } else if (isCandidate && mustStand) stand("it has not yet stood its start period");
    return;
  }
  if (sighting.state === "stopping") {
    draft.stopBefore.push(stop(goal, fit, "it is on its way down"));
    startAgain("it should be running", false);
    return;
  }
  if (isCandidate && fit.startedAtMs !== undefined) {
    // It was started and is down again. Starting it anew would hide that, so it is judged as it is.
    stand(describeEnd(sighting));
    return;
  }
  if (service.cause === "operation" || fit.startedAtMs === undefined) {
    startAgain(sighting.state === "created" ? "it was made, but not started" : describeEnd(sighting), false);
    return;
  }
  const decision = decideRestart(target.restart, fit, sighting, nowMs);
  if (decision.do === "start") startAgain(decision.reason, true);
  else if (decision.do === "wait") draft.wakeAtMs = decision.untilMs;

  function startAgain(reason: string, isRestart: boolean): void {
    pullUnlessPresent(draft, goal, target, observation, sighting.state === "missing");
    draft.start.push({
      action: { do: "start", component: goal.name, instance: fit.name, isNew: false, isRestart },
      reason,
    });
    draft.startPorts = target.ports;
    if (mustStand) stand("it must stand its start period");
  }
  function stand(reason: string): void {
    draft.stand.push(standStep(goal, target, fit.name, reason));
  }
}

/** No instance has the right settings: a new one. */
function renew(
  draft: Draft,
  service: ServiceGoal,
  goal: ComponentGoal,
  target: Target,
  observation: Observation,
): void {
  pullUnlessPresent(draft, goal, target, observation, true);
  draft.keep.push(goal.freshName);
  draft.startPorts = target.ports;
  draft.start.push({
    action: { do: "start", component: goal.name, instance: goal.freshName, isNew: true, isRestart: false },
    reason: goal.instances.length === 0 ? "it does not exist yet" : "its image or settings changed",
  });
  if (service.cause === "operation" && service.candidate?.state !== "rejected")
    draft.stand.push(standStep(goal, target, goal.freshName, "it must stand its start period"));
}

/** The instance that has the target's settings, in the registry's eyes and in the runtime's; a running one first. */
function fittest(goal: ComponentGoal, target: Target, observation: Observation): Instance | undefined {
  const score = (instance: Instance): number =>
    (isActive(sightingOf(observation, instance.name)) ? 2 : 0) + (instance.role === "retired" ? 0 : 1);
  return goal.instances
    .filter((instance) => {
      const sighting = sightingOf(observation, instance.name);
      const seen = "specHash" in sighting ? sighting.specHash : target.specHash;
      return instance.specHash === target.specHash && seen === target.specHash;
    })
    .reduce<Instance | undefined>(
      (best, instance) => (best && score(best) >= score(instance) ? best : instance),
      undefined,
    );
}

function pullUnlessPresent(
  draft: Draft,
  goal: ComponentGoal,
  target: Target,
  observation: Observation,
  isMade: boolean,
): void {
  if (!isMade || observation.presentImages.has(target.image.digest)) return;
  draft.pull.push({
    action: { do: "pull", component: goal.name, image: target.image },
    reason: "the image is not on this node",
  });
}

function supersededBecause(service: ServiceGoal, instance: Instance): string {
  if (service.candidate?.state === "rejected" && instance.role === "candidate")
    return `revision ${service.candidate.revision} failed`;
  return "another instance takes its place";
}

const stop = (goal: ComponentGoal, instance: Instance, reason: string): Reasoned<"stop"> => ({
  action: { do: "stop", component: goal.name, instance: instance.name, graceMs: instance.graceMs },
  reason,
});

const remove = (goal: ComponentGoal, instance: Instance, reason: string): Reasoned<"remove"> => ({
  action: { do: "remove", component: goal.name, instance: instance.name },
  reason,
});

const standStep = (
  goal: ComponentGoal,
  target: Target,
  instance: string,
  reason: string,
): Reasoned<"stand"> => ({
  action: { do: "stand", component: goal.name, instance, startPeriodMs: target.startPeriodMs },
  reason,
});

const wildcard = new Set(["", "0.0.0.0", "::"]);

/** Whether two lists claim the same host port; a wildcard address takes it on every address. */
export function portsOverlap(some: readonly PortMapping[], others: readonly PortMapping[]): boolean {
  return some.some((a) =>
    others.some(
      (b) =>
        a.host === b.host &&
        a.protocol === b.protocol &&
        (a.address === b.address || wildcard.has(a.address) || wildcard.has(b.address)),
    ),
  );
}
