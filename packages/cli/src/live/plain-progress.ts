import type { OperationReport, StepReport } from "../reports/operation-report.ts";
import { between, elapsed } from "../terminal/age.ts";
import { stepText } from "../views/step-text.ts";
import { undoText } from "../views/undo-text.ts";
import type { OperationModel } from "./operation-model.ts";
import type { Progress } from "./progress.ts";

/** Off a terminal: a line when a step is over. */
export class PlainProgress implements Progress {
  readonly #write: (text: string) => void;
  readonly #told = new Set<string>();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  show({ operation }: OperationModel): void {
    if (operation.state === "reverting") this.#once("reverting", undoText(operation));
    for (const step of operation.steps) {
      if (step.state !== "done" && step.state !== "failed") continue;
      const took = between(step.startedAt, step.finishedAt);
      const time = took === undefined ? "" : ` ${elapsed(took)}`;
      const why = isToldAtTheEnd(step, operation) ? "" : `: ${step.problem?.message}`;
      this.#once(`${step.number}`, `${stepText(step)}: ${step.state}${time}${why}`);
    }
  }

  note(text: string): void {
    this.#write(`${text}\n`);
  }

  end(): void {}

  #once(key: string, line: string): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#write(`${line}\n`);
  }
}

/** What the operation fails with is told when it is over; what then cannot be undone either is told only here. */
const isToldAtTheEnd = ({ problem }: StepReport, operation: OperationReport): boolean =>
  problem === null || operation.problem === null || operation.problem.message === problem.message;
