import type { OperationModel } from "./operation-model.ts";

/** Shows how far an operation is, while it is followed. */
export interface Progress {
  /** Something changed. */
  show(model: OperationModel): void;
  /** Something to say besides. */
  note(text: string): void;
  /** It is over: what is shown stays as it is. */
  end(): void;
}

/** For `--json`. */
export const noProgress: Progress = { show: () => {}, note: () => {}, end: () => {} };
