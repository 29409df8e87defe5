import type { Clock } from "@mcp/base";
import type { Selectable } from "kysely";
import type { Queries, Reads } from "./database.ts";
import { fromJsonText, toJsonText } from "./json-text.ts";
import { operationNotFound } from "./not-found.ts";
import type { OperationKind, OperationRecord, OperationState, StepRecord } from "./records.ts";
import type { Schema } from "./schema.ts";

export const unfinishedStates = ["queued", "running", "reverting"] as const satisfies OperationState[];

export interface NewOperation {
  readonly id: string;
  readonly requestId: string;
  readonly service: string;
  readonly kind: OperationKind;
  readonly request: unknown;
}

export interface OperationChange {
  readonly state?: OperationState;
  readonly problem?: unknown;
  readonly lastLogLines?: readonly string[];
  readonly notes?: readonly string[];
  readonly revision?: number;
  readonly finishedAtMs?: number;
}

export interface OperationFilter {
  readonly service?: string;
  readonly limit: number;
  /** Only those that are not at their end, oldest first. */
  readonly unfinished?: boolean;
}

/** See `Registry.addOperation`. */
export async function addOperation(
  queries: Queries,
  clock: Clock,
  operation: NewOperation,
): Promise<{ operation: OperationRecord; isNew: boolean }> {
  const { id, requestId, service, kind, request } = operation;
  const { numInsertedOrUpdatedRows } = await queries
    .insertInto("operation")
    .values({
      id,
      request_id: requestId,
      service,
      kind,
      state: "queued",
      created_at_ms: clock.now(),
      last_log_lines: "[]",
      notes: "[]",
      request: toJsonText(request),
    })
    .onConflict((conflict) => conflict.column("request_id").doNothing())
    .executeTakeFirstOrThrow();
  const row = await queries
    .selectFrom("operation")
    .selectAll()
    .where("request_id", "=", requestId)
    .executeTakeFirstOrThrow();
  const [recorded] = await withSteps(queries, [row]);
  if (!recorded) throw new Error(`the operation ${id} vanished while it was recorded`);
  return { operation: recorded, isNew: numInsertedOrUpdatedRows === 1n };
}

/** See `Registry.operation`. */
export async function loadOperation(
  queries: Reads,
  idOrRequestId: string,
): Promise<OperationRecord | undefined> {
  const rows = await queries
    .selectFrom("operation")
    .selectAll()
    .where((eb) => eb.or([eb("id", "=", idOrRequestId), eb("request_id", "=", idOrRequestId)]))
    .execute();
  const row = rows.find(({ id }) => id === idOrRequestId) ?? rows[0];
  return row && (await withSteps(queries, [row]))[0];
}

/** See `Registry.operations`. */
export async function loadOperations(queries: Reads, filter: OperationFilter): Promise<OperationRecord[]> {
  const { service, limit, unfinished = false } = filter;
  const rows = await queries
    .selectFrom("operation")
    .selectAll()
    .$if(service !== undefined, (query) => query.where("service", "=", service ?? ""))
    .$if(unfinished, (query) => query.where("state", "in", unfinishedStates))
    .orderBy("seq", unfinished ? "asc" : "desc")
    .limit(limit)
    .execute();
  return withSteps(queries, rows);
}

/** See `Registry.setOperation`. */
export async function setOperation(
  queries: Queries,
  clock: Clock,
  id: string,
  change: OperationChange,
): Promise<void> {
  const { state, problem, lastLogLines, notes, revision } = change;
  const isFinished = state === "succeeded" || state === "failed";
  const finishedAtMs = change.finishedAtMs ?? (isFinished ? clock.now() : undefined);
  const columns = {
    ...(state !== undefined && { state }),
    ...(problem !== undefined && { problem: toJsonText(problem) }),
    ...(lastLogLines !== undefined && { last_log_lines: toJsonText(lastLogLines) }),
    ...(notes !== undefined && { notes: toJsonText(notes) }),
    ...(revision !== undefined && { revision }),
    ...(finishedAtMs !== undefined && { finished_at_ms: finishedAtMs }),
  };
  if (Object.keys(columns).length === 0) return;
  const { numUpdatedRows } = await queries
    .updateTable("operation")
    .set(columns)
    .where("id", "=", id)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw operationNotFound(id);
}

async function withSteps(
  queries: Reads,
  rows: readonly Selectable<Schema["operation"]>[],
): Promise<OperationRecord[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const steps = await queries
    .selectFrom("step")
    .selectAll()
    .where("operation_id", "in", ids)
    .orderBy("number")
    .execute();
  const stepsOf = Map.groupBy(steps, ({ operation_id }) => operation_id);
  return rows.map((row) => ({
    id: row.id,
    requestId: row.request_id,
    service: row.service,
    kind: row.kind,
    state: row.state,
    createdAtMs: row.created_at_ms,
    ...(row.finished_at_ms !== null && { finishedAtMs: row.finished_at_ms }),
    ...(row.revision !== null && { revision: row.revision }),
    ...(row.problem !== null && { problem: fromJsonText(row.problem) }),
    lastLogLines: fromJsonText(row.last_log_lines) as string[],
    notes: fromJsonText(row.notes) as string[],
    request: fromJsonText(row.request),
    steps: (stepsOf.get(row.id) ?? []).map(toStep),
  }));
}

function toStep(row: Selectable<Schema["step"]>): StepRecord {
  return {
    number: row.number,
    action: fromJsonText(row.action),
    reason: row.reason,
    after: fromJsonText(row.after) as number[],
    state: row.state,
    ...(row.started_at_ms !== null && { startedAtMs: row.started_at_ms }),
    ...(row.finished_at_ms !== null && { finishedAtMs: row.finished_at_ms }),
    ...(row.problem !== null && { problem: fromJsonText(row.problem) }),
  };
}
