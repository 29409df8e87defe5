import { type Condition, type ConditionCode, componentKey } from "./condition.ts";
import { describeWait, type Judgement } from "./drift.ts";
import type { ServiceGoal } from "./goal.ts";
import { healthOf, type Observation, sightingOf } from "./observation.ts";
import { longestWaitMs } from "./wait-for-health.ts";

/** Repairs of one thing that failed, one after the other. */
export interface RepairFailure {
  readonly times: number;
  /** Why the last one did. */
  readonly message: string;
  readonly hint: string;
}

export interface ServiceFindings {
  readonly goal: ServiceGoal;
  /** By component. */
  readonly judgements: ReadonlyMap<string, Judgement>;
  /** By component; of none in particular: by the empty name. */
  readonly failures: ReadonlyMap<string, RepairFailure>;
  /** By component that crashes again and again: the end of its log when that began. */
  readonly lastLogLines: ReadonlyMap<string, readonly string[]>;
  /** By component that waits for the health of others: for how long it has, in ms. */
  readonly waitedMs: ReadonlyMap<string, number>;
}

/** One failure is often over by the next try. */
const failuresUntilTold = 2;

/**
 * The components that are neither as they should be nor stopped: starting, exited, unknown, or not asked about their
 * health yet. What was wrong with them is not over only because it does not show now.
 */
export function unsettledOf(
  goal: ServiceGoal,
  judgements: ReadonlyMap<string, Judgement>,
  observation: Observation,
): string[] {
  return goal.components.flatMap(({ name, target }) => {
    const { observed, instance, hasSucceeded } = judgements.get(name) ?? {};
    const isAsked =
      target?.health === undefined ||
      (instance !== undefined && healthOf(sightingOf(observation, instance)) !== undefined);
    const isSettled = observed === "stopped" || hasSucceeded || (observed === "running" && isAsked);
    return isSettled ? [] : [componentKey({ service: goal.service, component: name })];
  });
}

/** What is wrong with a service and will not be well by itself, or keeps coming back. */
export function conditionsOf(findings: ServiceFindings): Condition[] {
  const { goal, judgements, failures, lastLogLines, waitedMs } = findings;
  if (goal.desired === "ignore" || goal.managed === "ignore") return [];
  const conditions: Condition[] = [];
  const add = (
    code: ConditionCode,
    component: string,
    severity: Condition["severity"],
    says: Pick<Condition, "title" | "text" | "hint">,
  ): void => {
    conditions.push({ code, service: goal.service, component, subject: "", severity, ...says });
  };
  for (const [component, judgement] of judgements) {
    const name = `${goal.service}/${component}`;
    const lines = lastLogLines.get(component) ?? [];
    const found = findWorst(goal, judgement);
    if (found?.code === "crash_looping")
      add("crash_looping", component, "critical", {
        title: `${name} keeps crashing`,
        text: [found.text, ...(lines.length > 0 ? ["its last log lines:", ...lines] : [])].join("\n"),
        hint: `see its log: mcp logs ${name}; what is mended starts at once with: mcp start ${name}`,
      });
    else if (found?.code === "unhealthy")
      add("unhealthy", component, "critical", {
        title: `${name} is unhealthy`,
        text: found.text,
        hint: `see its log: mcp logs ${name}; start it anew with: mcp restart ${name}`,
      });
    else if (found?.code === "unknown")
      add("unknown", component, "warning", {
        title: `nobody can say how ${name} is`,
        text: found.text,
        hint: "see why: mcp doctor",
      });
    else if (found)
      add("drift", component, "warning", {
        title: `${name} is not as it should be`,
        text: found.text,
        hint: `see what differs: mcp status ${goal.service}; put it right with: mcp start ${name}`,
      });
  }
  for (const [component, ms] of waitedMs) {
    const { waitsFor = [] } = judgements.get(component) ?? {};
    const [first] = waitsFor;
    if (first === undefined || ms < longestWaitMs(goal, waitsFor)) continue;
    const those = waitsFor.map((name) => describeBriefly(name, judgements.get(name)));
    const name = `${goal.service}/${component}`;
    const cause = `${goal.service}/${first}`;
    add("held_back", component, "critical", {
      title: `${name} is down, and waits for what it depends on`,
      text: [describeWait(waitsFor), ...those].join("; "),
      hint: `see the log of what it waits for: mcp logs ${cause}; start that anew with: mcp restart ${cause}`,
    });
  }
  for (const [component, { times, message, hint }] of failures) {
    if (times < failuresUntilTold) continue;
    const name = component === "" ? goal.service : `${goal.service}/${component}`;
    add("repair_failed", component, "critical", {
      title: `${name} cannot be put right`,
      text: message,
      hint,
    });
  }
  return conditions;
}

function describeBriefly(name: string, judgement: Judgement | undefined): string {
  const { observed = "unknown", drift: [first] = [] } = judgement ?? {};
  return first ? `${name}: ${first.text}` : `${name} is ${observed}`;
}

interface Found {
  readonly code: "crash_looping" | "unhealthy" | "unknown" | "drift";
  readonly text: string;
}

/** Drift that is about to be healed is no condition, and neither is a job that did its work and ended. */
function findWorst(goal: ServiceGoal, { drift, leftBecause, hasSucceeded }: Judgement): Found | undefined {
  for (const code of ["crash_looping", "unhealthy", "unknown"] as const) {
    const found = drift.find(({ kind }) => kind === code);
    if (found) return { code, text: found.text };
  }
  if (leftBecause !== undefined) return hasSucceeded ? undefined : { code: "drift", text: leftBecause };
  const lasting = goal.managed === "report" ? drift[0] : undefined;
  return lasting && { code: "drift", text: lasting.text };
}
