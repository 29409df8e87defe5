import { type Clock, Problem } from "@mcp/base";
import type { Queries, Reads } from "./database.ts";
import { toJsonText } from "./json-text.ts";
import { instanceNotFound, serviceRow } from "./not-found.ts";
import type { InstanceHandle, InstanceRecord, InstanceRole } from "./records.ts";
import { toInstance } from "./services.ts";

export type NewInstance = Omit<InstanceRecord, "createdAtMs" | "restarts" | "quickEnds">;

export interface InstanceChange {
  readonly handle?: InstanceHandle;
  readonly startedAtMs?: number;
  readonly restarts?: number;
  readonly quickEnds?: number;
  readonly lastExit?: unknown;
  readonly role?: InstanceRole;
}

/** See `Registry.addInstance`. */
export async function addInstance(queries: Queries, clock: Clock, instance: NewInstance): Promise<void> {
  await serviceRow(queries, instance.service);
  const { numInsertedOrUpdatedRows } = await queries
    .insertInto("instance")
    .values({
      name: instance.name,
      service: instance.service,
      component: instance.component,
      revision: instance.revision,
      spec_hash: instance.specHash,
      spec: toJsonText(instance.spec),
      kind: instance.kind,
      role: instance.role,
      created_at_ms: clock.now(),
      restarts: 0,
      quick_ends: 0,
      address: instance.address ?? null,
      ...toColumns(instance),
    })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 1n) return;
  const recorded = await queries
    .selectFrom("instance")
    .select(["service", "component", "spec_hash"])
    .where("name", "=", instance.name)
    .executeTakeFirstOrThrow();
  const isSame =
    recorded.service === instance.service &&
    recorded.component === instance.component &&
    recorded.spec_hash === instance.specHash;
  if (!isSame) throw nameOfAnother(instance.name, `${recorded.service}/${recorded.component}`);
}

/** See `Registry.setInstance`. */
export async function setInstance(queries: Queries, name: string, change: InstanceChange): Promise<void> {
  const columns = toColumns(change);
  if (Object.keys(columns).length === 0) return;
  const { numUpdatedRows } = await queries
    .updateTable("instance")
    .set(columns)
    .where("name", "=", name)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw instanceNotFound(name);
}

/** See `Registry.instance`. */
export async function loadInstance(queries: Reads, name: string): Promise<InstanceRecord | undefined> {
  const row = await queries.selectFrom("instance").selectAll().where("name", "=", name).executeTakeFirst();
  return row && toInstance(row);
}

/** See `Registry.removeInstance`. */
export async function removeInstance(queries: Queries, name: string): Promise<void> {
  await queries.deleteFrom("instance").where("name", "=", name).execute();
}

function toColumns({ handle, startedAtMs, restarts, quickEnds, lastExit, role }: InstanceChange) {
  return {
    ...(handle && { handle_kind: handle.kind, handle_v: handle.v, handle_state: handle.state }),
    ...(startedAtMs !== undefined && { started_at_ms: startedAtMs }),
    ...(restarts !== undefined && { restarts }),
    ...(quickEnds !== undefined && { quick_ends: quickEnds }),
    ...(lastExit !== undefined && { last_exit: toJsonText(lastExit) }),
    ...(role !== undefined && { role }),
  };
}

const nameOfAnother = (name: string, holder: string): Problem =>
  new Problem(
    "spec_conflict",
    `the instance name ${name} already belongs to ${holder}, with other settings`,
    "see it: mcp ps",
  );
