import { type ComponentFacts, type Draft, standStep, stopStep } from "./component-plan.ts";
import type { Instance, RestartPolicy, Target } from "./goal.ts";
import { describeMove, isSameButForNetwork } from "./network.ts";
import { healthOf, isActive, sightingOf } from "./observation.ts";
import { decideRestart, describeEnd, type RestartDecision } from "./restart.ts";

/** An instance with the right settings is there: let it run, or start it again. */
export function carryOn(draft: Draft, facts: ComponentFacts, target: Target, fit: Instance): void {
  const { goal, candidate, isAsked, observation, nowMs } = facts;
  draft.keep.push(fit.name);
  const sighting = sightingOf(observation, fit.name);
  const isOnTrial = fit.role === "candidate" && candidate?.state === "trying";
  const restartIsDue = isRestartDue(facts, fit);

  // Nobody asked, so it is a restart for its health, which was cut short before the stop was over.
  if (restartIsDue && !isAsked && target.health?.restart && isActive(sighting)) {
    endUnhealthy({ policy: "always" });
    return;
  }
  if (sighting.state === "running" || sighting.state === "starting") {
    if (restartIsDue) {
      draft.stopBefore.push(stopStep(goal, fit, "a restart was asked for"));
      startAgain("a restart was asked for");
    } else if (isOnTrial) draft.stand.push(standStep(goal, target, fit.name, notYetStood(target)));
    else if (!isAsked && target.health?.restart && healthOf(sighting)?.state === "unhealthy")
      endUnhealthy(target.restart);
    return;
  }
  if (sighting.state === "stopping") {
    draft.stopBefore.push(stopStep(goal, fit, "it is on its way down"));
    startAgain("it should be running");
    return;
  }
  // An agent that was killed right after the start could not record it, but what has ended was started.
  const wasStarted = fit.startedAtMs !== undefined || sighting.state === "exited";
  if (isOnTrial && wasStarted && !restartIsDue) {
    // Starting it anew would hide that it failed, so it is judged as it is.
    draft.stand.push(standStep(goal, target, fit.name, describeEnd(sighting)));
    return;
  }
  if (isAsked || !wasStarted) {
    startAgain(sighting.state === "created" ? "it was made, but not started" : describeEnd(sighting));
    return;
  }
  // What was stopped to be started again is started, however it ended.
  const restart = restartIsDue ? ({ policy: "always" } as const) : target.restart;
  const decision = decideRestart(restart, fit, sighting, nowMs, restartIsDue);
  if (decision.do === "start") startAgain(decision.reason, decision);
  else if (decision.do === "wait") draft.wakeAtMs = decision.untilMs;

  /** As if it had ended by itself, but that it must be stopped first. */
  function endUnhealthy(restart: RestartPolicy): void {
    const decision = decideRestart(restart, fit, sighting, nowMs);
    if (decision.do === "wait") draft.wakeAtMs = decision.untilMs;
    if (decision.do !== "start") return;
    const isKnown = healthOf(sighting)?.state === "unhealthy";
    const reason = isKnown ? decision.reason : "a restart for its health was cut short";
    const stop = stopStep(goal, fit, reason);
    draft.stopBefore.push({ ...stop, action: { ...stop.action, isForRestart: true } });
    startAgain(reason, decision);
  }

  /** @param decision  of what is started again by itself */
  function startAgain(reason: string, decision?: RestartDecision & { do: "start" }): void {
    if (sighting.state === "missing") pullUnlessPresent(draft, facts, target);
    const isRestart = decision !== undefined && !decision.uncounted;
    draft.start.push({
      action: {
        do: "start",
        component: goal.name,
        instance: fit.name,
        isNew: false,
        isRestart,
        quickEnds: decision?.quickEnds ?? 0,
        ...(decision?.uncounted && { uncounted: decision.uncounted }),
      },
      reason,
    });
    draft.startPorts.push(...target.ports);
    standAfterStart(draft, facts, target, fit.name);
  }
}

/** No instance has the right settings: a new one. */
export function renew(draft: Draft, facts: ComponentFacts, target: Target): void {
  const { goal, candidate } = facts;
  pullUnlessPresent(draft, facts, target);
  draft.keep.push(goal.freshName);
  draft.startPorts.push(...target.ports);
  const remaining = goal.instances.filter(
    ({ role }) => role !== "candidate" || candidate?.state !== "rejected",
  );
  const before = remaining.find(({ role }) => role === "current") ?? remaining[0];
  draft.start.push({
    action: {
      do: "start",
      component: goal.name,
      instance: goal.freshName,
      isNew: true,
      isRestart: false,
      quickEnds: 0,
    },
    reason: before ? changedBecause(before, target) : "it does not exist yet",
  });
  standAfterStart(draft, facts, target, goal.freshName);
}

function changedBecause(before: Instance, target: Target): string {
  const changed = "its image or settings changed";
  if (before.kind === "container" || target.kind === "container" || before.specHash === target.specHash)
    return changed;
  const move = describeMove(before.place, target.place);
  if (!isSameButForNetwork(before.specHash, target.specHash))
    return move === undefined ? changed : `${changed}, and it ${move}`;
  return move === undefined ? `${target.place?.bridge ?? "its network"} has another subnet` : `it ${move}`;
}

/** What ran before is not judged again when it is brought back, and neither is a restart by policy. */
function standAfterStart(draft: Draft, facts: ComponentFacts, target: Target, instance: string): void {
  if (facts.isAsked && facts.candidate?.state !== "rejected")
    draft.stand.push(
      standStep(
        facts.goal,
        target,
        instance,
        target.health ? "it must become healthy" : "it must stand its start period",
      ),
    );
}

const notYetStood = ({ health }: Target): string =>
  health ? "it is not yet known to be healthy" : "it has not yet stood its start period";

/** A request from the future was stamped before somebody set the clock back; obeying it would restart again and again. */
function isRestartDue({ goal, nowMs }: ComponentFacts, fit: Instance): boolean {
  const { restartBeforeMs } = goal;
  return (
    restartBeforeMs !== undefined && restartBeforeMs <= nowMs && (fit.startedAtMs ?? 0) < restartBeforeMs
  );
}

function pullUnlessPresent(draft: Draft, { goal, observation }: ComponentFacts, target: Target): void {
  if (observation.presentImages.has(target.image.digest)) return;
  draft.pull.push({
    action: { do: "pull", component: goal.name, image: target.image },
    reason: "the image is not on this node",
  });
}
