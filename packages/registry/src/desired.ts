import type { Clock } from "@mcp/base";
import type { Queries } from "./database.ts";
import { componentNotFound, isLeaving, serviceNotFound, serviceRow } from "./not-found.ts";
import type { Desired } from "./records.ts";
import { type Capacity, requireRoomToRun } from "./sizes.ts";

/** See `Registry.setDesired`. */
export async function setDesired(
  queries: Queries,
  clock: Clock,
  service: string,
  desired: Desired,
  components?: readonly string[],
  capacity?: Capacity,
): Promise<void> {
  const row = await serviceRow(queries, service);
  if (desired === "running") await requireRoomToRun(queries, capacity, service, components);
  const now = clock.now();
  if (components) {
    if (desired !== "running" && desired !== "stopped") throw new Error(`a component cannot be ${desired}`);
    if (row.desired === "absent") throw isLeaving(service);
    await changeComponents(queries, service, components, { desired, desired_before: null });
    await queries.updateTable("service").set({ updated_at_ms: now }).where("name", "=", service).execute();
    return;
  }
  const isGone = row.current_revision === null && row.candidate_revision === null;
  if (isGone && desired !== "absent") throw serviceNotFound(service);
  // Whatever comes of a candidate that is on trial meanwhile.
  await keepDesired(queries, service);
  await queries
    .updateTable("service")
    .set({ desired, updated_at_ms: now })
    .where("name", "=", service)
    .execute();
  // What is ignored keeps what was wanted of its parts, for the day it is managed again.
  if (desired === "ignore") return;
  await queries
    .updateTable("component")
    .set({ desired: desired === "running" ? "running" : "stopped" })
    .where("service", "=", service)
    .execute();
}

/** What was wanted before the candidate was proposed is wanted again, unless an operator has spoken since. */
export async function restoreDesired(queries: Queries, service: string): Promise<void> {
  await queries
    .updateTable("service")
    .set((eb) => ({ desired: eb.fn.coalesce("desired_before", "desired") }))
    .where("name", "=", service)
    .execute();
  await queries
    .updateTable("component")
    .set((eb) => ({ desired: eb.fn.coalesce("desired_before", "desired") }))
    .where("service", "=", service)
    .execute();
}

/** What is wanted now stays, and nothing comes back. */
export async function keepDesired(queries: Queries, service: string): Promise<void> {
  await queries.updateTable("service").set({ desired_before: null }).where("name", "=", service).execute();
  await queries
    .updateTable("component")
    .set({ desired_before: null })
    .where("service", "=", service)
    .execute();
}

/** See `Registry.requestRestart`. */
export async function requestRestart(
  queries: Queries,
  clock: Clock,
  service: string,
  components: readonly string[],
  beforeMs: number,
): Promise<void> {
  await serviceRow(queries, service);
  await changeComponents(queries, service, components, { restart_before_ms: beforeMs });
  await queries
    .updateTable("service")
    .set({ updated_at_ms: clock.now() })
    .where("name", "=", service)
    .execute();
}

async function changeComponents(
  queries: Queries,
  service: string,
  components: readonly string[],
  change: { desired: "running" | "stopped"; desired_before: null } | { restart_before_ms: number },
): Promise<void> {
  for (const component of components) {
    const { numUpdatedRows } = await queries
      .updateTable("component")
      .set(change)
      .where("service", "=", service)
      .where("name", "=", component)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw componentNotFound(service, component);
  }
}
