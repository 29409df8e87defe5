import { asProblem, Problem, type ProblemJSON, problemFromJSON } from "@mcp/base";
import type { Plan, Step } from "@mcp/planner";
import type { OperationRecord, Registry, StepRecord } from "@mcp/registry";
import { type ExecutorDeps, execute, runtimeNeededBy } from "./executors.ts";
import { lastLogLines } from "./last-log-lines.ts";
import { noteWhatHappened } from "./note-what-happened.ts";
import type { OperationFeed } from "./operation-feed.ts";
import type { Look, ServiceStates } from "./service-state.ts";
import { runSteps } from "./step-runner.ts";

export interface ConvergenceDeps extends Omit<ExecutorDeps, "onProgress"> {
  readonly states: ServiceStates;
  readonly feed: OperationFeed;
  /** For what acts on the runtime of that name. */
  readonly limit: <T>(runtime: string, work: () => Promise<T>) => Promise<T>;
  /** For pulls, which may take long and must not keep others' restarts waiting. */
  readonly limitPulls: <T>(work: () => Promise<T>) => Promise<T>;
  readonly registry: Registry;
}

/** Enough for a deploy, its undoing, and the world changing once in between; more means that something fights back. */
const mostRounds = 6;

/**
 * Observe, plan, execute, until nothing is left to do: the one way in which the world changes. When a step of a revision
 * on trial fails, the revision is rejected, and the same rounds then lead back to what ran before.
 *
 * @throws Problem why what was asked for is not so, after what could be undone is undone.
 */
export async function converge(operation: OperationRecord, deps: ConvergenceDeps): Promise<void> {
  const { registry, clock, states, signal } = deps;
  let failure = operation.state === "reverting" ? storedProblem(operation) : undefined;
  // Killed between saying so and doing it.
  if (failure) await registry.reject(operation.service);
  let taken = operation.steps.length;
  const cause = operation.kind === "repair" ? "repair" : "operation";

  for (let round = 1; round <= mostRounds; round++) {
    const look = await states.look(operation.service, cause, clock.now(), signal);
    if (!look) return finish(failure);
    await noteWhatHappened(look, registry, clock.now());
    const { plan, record } = look;
    const blocked = plan.blocked[0];
    if (blocked && record.candidate?.state === "trying")
      failure ??= await reject(unknown(operation.service, blocked), [], operation, deps);
    if (plan.steps.length === 0) {
      if (blocked && !failure) throw unknown(operation.service, blocked);
      return finish(failure);
    }
    const failed = await takeSteps(operation, plan, look, taken, deps);
    taken += plan.steps.length;
    // The agent ends: what was under way did not fail, the next agent looks how far it came.
    signal.throwIfAborted();
    if (!failed) continue;
    // What was undone did not come back either: the first failure is what the operator must hear.
    if (failure || record.candidate?.state !== "trying") throw failure ?? failed.problem;
    const lines = failed.step ? await logOf(failed.step, look, deps) : [];
    failure = await reject(failed.problem, lines, operation, deps);
    await deps.faultPoint("rejected");
  }
  throw failure ?? unsatisfied(operation.service);
}

function finish(failure: Problem | undefined): void {
  if (failure) throw failure;
}

/** Says why before it rejects, so that a killed agent still knows what to tell. */
async function reject(
  problem: Problem,
  lastLogLines: readonly string[],
  operation: OperationRecord,
  { registry, feed, faultPoint }: ConvergenceDeps,
): Promise<Problem> {
  await registry.setOperation(operation.id, {
    state: "reverting",
    problem: problem.toJSON(),
    lastLogLines: [...lastLogLines],
  });
  await faultPoint("reverting");
  await registry.reject(operation.service);
  const now = await registry.operation(operation.id);
  if (now) feed.publish(operation.id, { type: "operation", operation: now });
  return problem;
}

async function takeSteps(
  operation: OperationRecord,
  plan: Plan,
  look: Look,
  numberedFrom: number,
  deps: ConvergenceDeps,
): Promise<Failure | undefined> {
  try {
    return await recordAndRun(operation, plan, look, numberedFrom, deps);
  } catch (thrown) {
    // A step that could not even be recorded: as if it had failed.
    return { step: undefined, problem: asProblem(thrown) };
  }
}

interface Failure {
  /** Absent where no step can be blamed. */
  readonly step: Step | undefined;
  readonly problem: Problem;
}

async function recordAndRun(
  operation: OperationRecord,
  plan: Plan,
  look: Look,
  numberedFrom: number,
  deps: ConvergenceDeps,
): Promise<Failure | undefined> {
  const { registry, feed, clock, faultPoint } = deps;
  const shift = (number: number): number => number + numberedFrom;
  const records = new Map(
    plan.steps.map((step): [Step, StepRecord] => [
      step,
      {
        number: shift(step.number),
        action: step.action,
        reason: step.reason,
        after: step.after.map(shift),
        state: "planned",
      },
    ]),
  );
  await registry.addSteps(
    operation.id,
    [...records.values()].map(({ number, action, reason, after }) => ({ number, action, reason, after })),
  );
  for (const step of records.values()) feed.publish(operation.id, { type: "step", step });

  const change = async (step: Step, next: Omit<Partial<StepRecord>, "number">): Promise<void> => {
    const record = { ...(records.get(step) as StepRecord), ...next };
    records.set(step, record);
    const { state, startedAtMs, finishedAtMs, problem } = record;
    await registry.setStep(operation.id, record.number, {
      state,
      ...(startedAtMs !== undefined && { startedAtMs }),
      ...(finishedAtMs !== undefined && { finishedAtMs }),
      ...(problem !== undefined && { problem }),
    });
    feed.publish(operation.id, { type: "step", step: record });
  };

  // A revision on trial stands or falls as a whole; otherwise one component's trouble is not another's.
  const afterFailure = look.record.candidate?.state === "trying" ? "stop" : "go-on";
  return runSteps(plan.steps, afterFailure, {
    async begin(step) {
      await faultPoint(`${step.action.do}: planned`);
      await change(step, { state: "running", startedAtMs: clock.now() });
      await faultPoint(`${step.action.do}: begun`);
    },
    async execute(step) {
      const onProgress = (text: string): void =>
        feed.publish(operation.id, { type: "progress", stepNumber: shift(step.number), text });
      const work = (): Promise<void> => execute(step.action, look, { ...deps, onProgress });
      const { do: what } = step.action;
      // Standing is only waiting, and must not keep others from being started.
      if (what === "stand") await work();
      else if (what === "pull") await deps.limitPulls(work);
      else await deps.limit(runtimeNeededBy(step.action, look, deps.runtimes), work);
      await faultPoint(`${step.action.do}: taken`);
    },
    done: (step) => change(step, { state: "done", finishedAtMs: clock.now() }),
    async failed(step, problem) {
      if (deps.signal.aborted) return;
      await change(step, { state: "failed", finishedAtMs: clock.now(), problem: problem.toJSON() });
    },
    skipped: (step) => change(step, { state: "skipped" }),
  });
}

/** Of what was to be started. */
async function logOf({ action }: Step, look: Look, { runtimes, signal }: ConvergenceDeps): Promise<string[]> {
  if (action.do !== "start" && action.do !== "stand") return [];
  const kind = look.goal.components.find(({ name }) => name === action.component)?.target?.kind;
  return lastLogLines(kind && runtimes.forKind(kind)?.runtime, action.instance, signal);
}

const storedProblem = (operation: OperationRecord): Problem =>
  operation.problem ? problemFromJSON(operation.problem as ProblemJSON) : asProblem(undefined);

const unknown = (service: string, { component, why }: { component: string; why: string }): Problem =>
  new Problem(
    "observation_unknown",
    `what component ${component} of ${service} is doing is not known, so it was left alone: ${why}`,
    "see what is wrong with: mcp doctor; a stop, start or restart that was asked for is done once it is known again",
  );

const unsatisfied = (service: string): Problem =>
  new Problem(
    "unsatisfied",
    `${service} did not come to rest: every time it was put right it changed again`,
    `see what happened with: mcp status ${service}`,
  );
