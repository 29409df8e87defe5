import { type Action, type Observation, type Plan, plan, type ServiceGoal, type Step } from "@mcp/planner";
import { isBroken } from "./definition.ts";
import { demand } from "./demand.ts";
import { execute, StepFailed } from "./execute.ts";
import { checkPlan } from "./plan-laws.ts";
import type { World } from "./world.ts";

/** The agent was killed: whatever it had not written down is gone. */
export class Killed extends Error {
  override name = "Killed";
}

/** What may go wrong, and when. */
export interface Accidents {
  /** Asked at every point at which the agent could be killed. */
  readonly kill: () => boolean;
  /** Asked for every step as it begins. */
  readonly fail: (action: Action) => "no" | "without effect" | "after its effect";
  /** Which of what could be done next is done next. */
  readonly next: (count: number) => number;
  /** Whether what is independent goes on after a failure. */
  readonly goOn: () => boolean;
  readonly isUnknown: (instance: string) => boolean;
  /** Something happens by itself beside the steps. */
  readonly meanwhile: (world: World) => void;
}

export const noAccidents: Accidents = {
  kill: () => false,
  fail: () => "no",
  next: () => 0,
  goOn: () => true,
  isUnknown: () => false,
  meanwhile: () => {},
};

/** A try, its undoing, a look at the end, and some for what happens meanwhile. */
const mostRounds = 6;

/** `blocked`: as far as what is known allows. `restless`: it changed again after every round. */
export type Outcome = "done" | "undone" | "failed" | "blocked" | "restless";

/** Observe, plan, execute, until nothing is left to do, as the agent does it for one operation. */
export function converge(world: World, cause: ServiceGoal["cause"], accidents: Accidents): Outcome {
  let wasRejected = world.service?.candidate?.state === "rejected";
  for (let round = 1; round <= mostRounds; round++) {
    if (!world.service) return "done";
    const planned = planNow(world, cause, accidents);
    const { candidate } = world.service;
    if (planned.blocked.length > 0 && candidate?.state === "trying")
      world.service.candidate = { ...candidate, state: "rejected" };
    if (planned.steps.length === 0)
      return planned.blocked.length > 0 ? "blocked" : wasRejected ? "undone" : "done";
    if (takeSteps(world, planned, accidents)) {
      if (accidents === noAccidents) demandRest(world, cause);
      continue;
    }
    if (world.service?.candidate?.state !== "trying") return "failed";
    if (accidents.kill()) throw new Killed();
    world.service.candidate = { ...world.service.candidate, state: "rejected" };
    wasRejected = true;
  }
  return "restless";
}

function planNow(
  world: World,
  cause: ServiceGoal["cause"],
  { isUnknown }: Pick<Accidents, "isUnknown">,
): Plan {
  const goal = world.goal(cause);
  const observation = world.observe(isUnknown);
  const planned = plan(goal, observation, world.nowMs);
  checkPlan({ goal, observation, plan: planned, nowMs: world.nowMs });
  world.story.push(
    `seen: ${describeSightings(observation)}`,
    ...planned.steps.map((step) => `  plan ${describeStep(step)}`),
  );
  return planned;
}

/**
 * A second pass plans nothing, unless something ended by itself in the meantime, or became healthy, for which others had
 * waited.
 */
function demandRest(world: World, cause: ServiceGoal["cause"]): void {
  if (cause === "repair" && world.aim?.definition.some(({ health }) => health)) return;
  if (!world.service || [...world.service.instances.values()].some(({ specHash }) => isBroken(specHash)))
    return;
  const { steps } = planNow(world, cause, noAccidents);
  demand(steps.length === 0, `a second pass plans: ${JSON.stringify(steps)}`);
}

/** Every step in an order that the plan allows, each advanced bit by bit between the others; false if one failed. */
function takeSteps(world: World, { steps }: Plan, accidents: Accidents): boolean {
  const waiting = new Set<Step>(steps);
  const underWay = new Map<Step, Generator<undefined, void>>();
  const done = new Set<number>();
  let failed = false;
  let goesOn = true;
  for (;;) {
    const ready = [...waiting].filter(({ after }) => after.every((number) => done.has(number)));
    const choices = [...underWay.keys(), ...(goesOn ? ready : [])];
    if (choices.length === 0) return !failed;
    const step = choices[accidents.next(choices.length)] as Step;
    waiting.delete(step);
    try {
      const isOver = advance(world, step, underWay, accidents);
      world.story.push(`${isOver ? "did" : "doing"} ${step.number}`);
      if (isOver) {
        underWay.delete(step);
        done.add(step.number);
      }
    } catch (thrown) {
      if (!(thrown instanceof StepFailed)) throw thrown;
      world.story.push(`failed ${step.number}: ${thrown.message}`);
      underWay.delete(step);
      failed = true;
      goesOn &&= accidents.goOn();
    }
    world.passTime();
    accidents.meanwhile(world);
    if (accidents.kill()) throw new Killed();
  }
}

function advance(
  world: World,
  step: Step,
  underWay: Map<Step, Generator<undefined, void>>,
  accidents: Accidents,
): boolean {
  const known = underWay.get(step);
  if (known) return known.next().done === true;
  const failure = accidents.fail(step.action);
  if (failure === "without effect") throw new StepFailed(`${step.action.do} failed`);
  const begun = execute(world, step.action);
  underWay.set(step, begun);
  if (failure === "no") return begun.next().done === true;
  for (const _ of begun);
  throw new StepFailed(`${step.action.do} took too long`);
}

const describeSightings = ({ sightings }: Observation): string =>
  [...sightings].map(([name, { state }]) => `${name} ${state}`).join(", ");

const describeStep = ({ number, action, reason, after }: Step): string =>
  `${number}. ${action.do} ${"instance" in action ? action.instance : ""} after [${after}], since ${reason}`;
