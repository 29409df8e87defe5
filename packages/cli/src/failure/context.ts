import type { Problem } from "@mcp/base";
import type { OperationReport } from "../reports/operation-report.ts";

/** What a failed operation leaves, besides its problem. */
export interface Aftermath {
  readonly operation: OperationReport;
  /** The revision that goes on running; null if there was none before. Undefined if the agent could not say. */
  readonly goesOn: number | null | undefined;
}

const aftermaths = new WeakMap<Problem, Aftermath>();
const files = new WeakMap<Problem, string>();

/** Keep with a problem what the operation left, so that it can be shown with it. */
export function withAftermath(problem: Problem, aftermath: Aftermath): Problem {
  aftermaths.set(problem, aftermath);
  return problem;
}

export const aftermathOf = (problem: Problem): Aftermath | undefined => aftermaths.get(problem);

/** Keep with a problem the file that its mistakes are in. */
export function inFile(problem: Problem, file: string): Problem {
  files.set(problem, file);
  return problem;
}

export const fileOf = (problem: Problem): string | undefined => files.get(problem);
