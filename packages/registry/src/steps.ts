import type { Queries } from "./database.ts";
import { toJsonText } from "./json-text.ts";
import { operationNotFound } from "./not-found.ts";
import type { StepRecord, StepState } from "./records.ts";

export type NewStep = Pick<StepRecord, "number" | "action" | "reason" | "after">;

export interface StepChange {
  readonly state: StepState;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly problem?: unknown;
}

/** See `Registry.addSteps`. */
export async function addSteps(
  queries: Queries,
  operationId: string,
  steps: readonly NewStep[],
): Promise<void> {
  const operation = await queries
    .selectFrom("operation")
    .select("id")
    .where("id", "=", operationId)
    .executeTakeFirst();
  if (!operation) throw operationNotFound(operationId);
  for (const { number, action, reason, after } of steps) {
    await queries
      .insertInto("step")
      .values({
        operation_id: operationId,
        number,
        action: toJsonText(action),
        reason,
        after: toJsonText(after),
        state: "planned",
      })
      .execute();
  }
}

/** See `Registry.setStep`. */
export async function setStep(
  queries: Queries,
  operationId: string,
  number: number,
  change: StepChange,
): Promise<void> {
  const { state, startedAtMs, finishedAtMs, problem } = change;
  const { numUpdatedRows } = await queries
    .updateTable("step")
    .set({
      state,
      ...(startedAtMs !== undefined && { started_at_ms: startedAtMs }),
      ...(finishedAtMs !== undefined && { finished_at_ms: finishedAtMs }),
      ...(problem !== undefined && { problem: toJsonText(problem) }),
    })
    .where("operation_id", "=", operationId)
    .where("number", "=", number)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw operationNotFound(`${operationId}, step ${number}`);
}
