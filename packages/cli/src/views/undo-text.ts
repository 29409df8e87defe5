import type { OperationReport, StepReport } from "../reports/operation-report.ts";

/** What the agent does about an operation that failed: only what was stopped for it has to be brought back. */
export function undoText({ steps }: OperationReport): string {
  if (stoppedForIt(steps).length > 0) return "it failed; bringing back what ran before";
  const isStarted = steps.some(({ action, state }) => action === "start" && wasTaken(state));
  return isStarted ? "it failed; removing what was started" : "it failed; nothing was started yet";
}

/** How the revision that was current before fared. */
export function remainsText({ service, steps }: OperationReport, revision: number): string {
  const failedAt = steps.find(({ state }) => state === "failed")?.number ?? 0;
  const stopped = new Set(stoppedForIt(steps).map(({ component }) => component));
  if (stopped.size === 0) return `${service} r${revision} goes on running`;
  const isBack = [...stopped].every((component) => {
    const last = steps.findLast((step) => step.action === "start" && step.component === component);
    return last !== undefined && last.state === "done" && last.number > failedAt;
  });
  return isBack
    ? `${service} r${revision} runs again`
    : `${service} r${revision} did not come back: mcp status ${service}`;
}

/** The stops of what ran before. What was itself started by the operation is stopped to undo it. */
const stoppedForIt = (steps: readonly StepReport[]): StepReport[] =>
  steps.filter(
    ({ action, state, instance }, index) =>
      action === "stop" &&
      wasTaken(state) &&
      !steps.slice(0, index).some((earlier) => earlier.action === "start" && earlier.instance === instance),
  );

const wasTaken = (state: string): boolean => state === "running" || state === "done" || state === "failed";
