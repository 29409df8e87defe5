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
 * Take the steps, each once those before it are done, independent ones side by side. After a failure no further step is
 * begun, those under way end, and the first failure is returned.
 */
export async function runSteps(steps: readonly Step[], hooks: StepHooks): Promise<StepFailure | undefined> {
  let failure: StepFailure | undefined;
  const ended = new Map<number, Promise<void>>();
  for (const step of steps) {
    const before = step.after.map((number) => ended.get(number));
    ended.set(
      step.number,
      Promise.all(before).then(async () => {
        if (failure) return hooks.skipped(step);
        try {
          await hooks.begin(step);
          await hooks.execute(step);
          await hooks.done(step);
        } catch (thrown) {
          const problem = asProblem(thrown);
          failure ??= { step, problem };
          await hooks.failed(step, problem);
        }
      }),
    );
  }
  await Promise.all(ended.values());
  return failure;
}
