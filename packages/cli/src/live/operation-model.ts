import type { OperationUpdateJson } from "@mcp/client";
import {
  type OperationReport,
  operationReport,
  type StepReport,
  stepReport,
} from "../reports/operation-report.ts";

/** What is known of an operation that is followed. */
export interface OperationModel {
  readonly operation: OperationReport;
  /** The last line of each step that says how far it is. */
  readonly progress: ReadonlyMap<number, string>;
}

/** The model with what the agent said now. Undefined as long as it has not said which operation it is. */
export function applyUpdate(
  model: OperationModel | undefined,
  { operation, step, progress }: OperationUpdateJson,
): OperationModel | undefined {
  if (operation) return { operation: operationReport(operation), progress: model?.progress ?? new Map() };
  if (!model) return undefined;
  if (step) return { ...model, operation: withStep(model.operation, stepReport(step)) };
  if (!progress) return model;
  const { stepNumber = 0, text = "" } = progress;
  return { ...model, progress: new Map(model.progress).set(stepNumber, text) };
}

function withStep(operation: OperationReport, step: StepReport): OperationReport {
  const isKnown = operation.steps.some(({ number }) => number === step.number);
  const steps = isKnown
    ? operation.steps.map((one) => (one.number === step.number ? step : one))
    : [...operation.steps, step].sort((a, b) => a.number - b.number);
  return { ...operation, steps };
}
