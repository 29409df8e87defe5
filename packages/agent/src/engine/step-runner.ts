import { asProblem, type Problem } from "@mcp/base";
import type { Step } from "@mcp/planner";

export interface StepFailure {
  readonly step: Step;
  readonly problem: Problem;
}

export interface StepHooks {
  /** Recorded before the step is taken. */
  begin(step: Step): Promise<void>;
  execute(step: Step): Promise<void>;
  done(step: Step): Promise<void>;
  failed(step: Step, problem: Problem): Promise<void>;
  skipped(step: Step): Promise<void>;
}

/**
 * Take the steps, each once those before it are done, independent ones side by side; the first failure is returned.
 *
 * What a hook throws is thrown on, once no step is under way any more.
 *
 * @param afterFailure  `stop`: no further step is begun, since all of them stand or fall together. `go-on`: only those are
 *   skipped that come after one that failed.
 */
export async function runSteps(
  steps: readonly Step[],
  afterFailure: "stop" | "go-on",
  hooks: StepHooks,
): Promise<StepFailure | undefined> {
  let failure: StepFailure | undefined;
  let isBroken = false;
  /** Of each step, whether it was done. */
  const ended = new Map<number, Promise<boolean>>();
  const take = async (step: Step): Promise<boolean> => {
    const before = await Promise.all(step.after.map((number) => ended.get(number)?.catch(() => false)));
    if (before.includes(false) || isBroken || (failure && afterFailure === "stop")) {
      await hooks.skipped(step);
      return false;
    }
    try {
      await hooks.begin(step);
      await hooks.execute(step);
      await hooks.done(step);
      return true;
    } catch (thrown) {
      const problem = asProblem(thrown);
      failure ??= { step, problem };
      await hooks.failed(step, problem);
      return false;
    }
  };
  const stopAtBreak = (thrown: unknown): never => {
    isBroken = true;
    throw thrown;
  };
  for (const step of steps) ended.set(step.number, take(step).catch(stopAtBreak));
  // All of them have ended before this returns: whoever comes next in the lane must be alone.
  const outcomes = await Promise.allSettled(ended.values());
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return failure;
}
