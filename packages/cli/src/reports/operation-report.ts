import type { ProblemJSON } from "@mcp/base";
import type { OperationJson, ProblemDetailJson, StepJson } from "@mcp/client";
import { numberOrNull, orNull, wordOf } from "./words.ts";

/** One run of a plan. */
export interface OperationReport {
  readonly id: string;
  readonly requestId: string;
  readonly service: string;
  /** `deploy`, `undeploy`, `stop`, `start`, `restart`, `rollback`. */
  readonly kind: string;
  /** `queued`, `running`, `reverting`, `succeeded`, `failed`. */
  readonly state: string;
  /** The revision it made or went to. */
  readonly revision: number | null;
  /** ISO 8601, as all times. */
  readonly createdAt: string | null;
  readonly finishedAt: string | null;
  readonly steps: readonly StepReport[];
  readonly notes: readonly string[];
  readonly problem: ProblemJSON | null;
  /** Of the component that failed. */
  readonly lastLogLines: readonly string[];
}

export interface StepReport {
  readonly number: number;
  /** `pull`, `start`, `stand` (wait that it stays up), `stop`, `accept`, `remove`, and others that a newer agent has. */
  readonly action: string;
  readonly component: string;
  readonly instance: string;
  /** What it acts on, for people. */
  readonly subject: string;
  readonly reason: string;
  /** `planned`, `running`, `done`, `failed`, `skipped`. */
  readonly state: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** The numbers of the steps that come before. */
  readonly after: readonly number[];
  readonly problem: ProblemJSON | null;
  /** Of `stand`: it ends once its health check has passed. */
  readonly untilHealthy: boolean;
}

export function operationReport(operation: OperationJson): OperationReport {
  return {
    id: operation.id ?? "",
    requestId: operation.requestId ?? "",
    service: operation.service ?? "",
    kind: operation.kind ?? "",
    state: wordOf(operation.state, "STATE_"),
    revision: numberOrNull(operation.revision),
    createdAt: orNull(operation.createdAt),
    finishedAt: orNull(operation.finishedAt),
    steps: (operation.steps ?? []).map(stepReport),
    notes: operation.notes ?? [],
    problem: operation.problem ? problemReport(operation.problem) : null,
    lastLogLines: operation.lastLogLines ?? [],
  };
}

export function stepReport(step: StepJson): StepReport {
  return {
    number: step.number ?? 0,
    action: step.action ?? "",
    component: step.component ?? "",
    instance: step.instance ?? "",
    subject: step.subject ?? "",
    reason: step.reason ?? "",
    state: wordOf(step.state, "STATE_"),
    startedAt: orNull(step.startedAt),
    finishedAt: orNull(step.finishedAt),
    after: step.after ?? [],
    problem: step.problem ? problemReport(step.problem) : null,
    untilHealthy: step.untilHealthy ?? false,
  };
}

function problemReport({
  code = "",
  message = "",
  hint = "",
  mistakes = [],
}: ProblemDetailJson): ProblemJSON {
  return {
    code,
    message,
    hint,
    ...(mistakes.length > 0 && {
      mistakes: mistakes.map(({ key = "", line, message: text = "" }) => ({
        key,
        message: text,
        ...(line && { line }),
      })),
    }),
  };
}
