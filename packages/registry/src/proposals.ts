import { type Clock, Problem } from "@mcp/base";
import { type AddressWish, claimAddresses, giveAddresses } from "./addresses.ts";
import { type NameClaim, type PortClaim, requireFreeNames, requireFreePorts } from "./claims.ts";
import type { Queries } from "./database.ts";
import { keepDesired, restoreDesired } from "./desired.ts";
import { toJsonText } from "./json-text.ts";
import { operationNotFound, serviceRow } from "./not-found.ts";
import type { Managed } from "./records.ts";
import { type Capacity, requireRoomForProposal, type SizeClaim } from "./sizes.ts";

export interface Proposal {
  readonly service: string;
  readonly managed: Managed;
  /** Where it came from, for people. */
  readonly origin: string;
  /** Versioned JSON of the agent's. */
  readonly content: unknown;
  /** Gets the revision's number. */
  readonly operationId: string;
  readonly desired: "running" | "stopped";
  readonly components: readonly (NameClaim & { readonly desired: "running" | "stopped" })[];
  readonly ports: readonly PortClaim[];
  /** Of its virtual machines. */
  readonly sizes: readonly SizeClaim[];
  /** Of those of them that are on a bridge. */
  readonly addresses: readonly AddressWish[];
  /** Addresses that strangers answer for. */
  readonly answered?: readonly string[];
}

/** See `Registry.propose`. */
export async function propose(
  queries: Queries,
  clock: Clock,
  proposal: Proposal,
  capacity?: Capacity,
): Promise<number> {
  const { service, desired, managed } = proposal;
  await requireFreeNames(queries, service, proposal.components);
  await requireFreePorts(queries, service, proposal.ports);
  await requireRoomForProposal(queries, capacity, proposal);
  // An earlier candidate has its addresses still.
  const addresses = await giveAddresses(queries, proposal);

  const wanted = { desired, managed, updated_at_ms: clock.now() };
  await queries
    .insertInto("service")
    .values({ name: service, last_revision: 0, ...wanted })
    .onConflict((conflict) =>
      conflict.column("name").doUpdateSet((eb) => ({
        ...wanted,
        desired_before: eb.fn.coalesce("service.desired_before", "service.desired"),
      })),
    )
    .execute();
  const { candidate_revision: earlier, last_revision } = await serviceRow(queries, service);
  if (earlier !== null) {
    await closeRevision(queries, service, earlier, "rejected");
    // What is left of it must not be taken for the new candidate's own, even where both want the same.
    await queries
      .updateTable("instance")
      .set({ role: "retired" })
      .where("service", "=", service)
      .where("role", "=", "candidate")
      .execute();
  }

  const number = last_revision + 1;
  await queries
    .insertInto("revision")
    .values({
      service,
      number,
      created_at_ms: clock.now(),
      state: "candidate",
      managed,
      origin: proposal.origin,
      content: toJsonText(proposal.content),
      operation_id: proposal.operationId,
    })
    .execute();
  await queries
    .updateTable("service")
    .set({ last_revision: number, candidate_revision: number, candidate_state: "trying" })
    .where("name", "=", service)
    .execute();
  await recordComponents(queries, proposal);
  for (const { component, address, port, protocol } of proposal.ports) {
    await queries
      .insertInto("port_claim")
      .values({ service, revision: number, component, address, port, protocol })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  for (const { component, memoryMiB, vcpus, isBeside } of proposal.sizes) {
    await queries
      .insertInto("size_claim")
      .values({
        service,
        revision: number,
        component,
        memory_mib: memoryMiB,
        vcpus,
        is_beside: isBeside ? 1 : 0,
      })
      .execute();
  }
  await claimAddresses(queries, number, proposal, addresses);
  const linked = await queries
    .updateTable("operation")
    .set({ revision: number })
    .where("id", "=", proposal.operationId)
    .executeTakeFirst();
  if (linked.numUpdatedRows === 0n) throw operationNotFound(proposal.operationId);
  return number;
}

/** Components that are not listed stay for now: their instances have to go first, and keep their names until then. */
async function recordComponents(queries: Queries, { service, components }: Proposal): Promise<void> {
  await queries.updateTable("component").set({ in_candidate: 0 }).where("service", "=", service).execute();
  for (const { name, knownName, desired } of components) {
    const wanted = { known_name: knownName, desired, in_candidate: 1 };
    await queries
      .insertInto("component")
      .values({ service, name, in_current: 0, ...wanted })
      .onConflict((conflict) =>
        conflict.columns(["service", "name"]).doUpdateSet((eb) => ({
          ...wanted,
          desired_before: eb.fn.coalesce("component.desired_before", "component.desired"),
        })),
      )
      .execute();
  }
}

/** See `Registry.reject`. */
export async function reject(queries: Queries, clock: Clock, service: string): Promise<void> {
  const { candidate_revision, current_revision, desired_before } = await serviceRow(queries, service);
  if (candidate_revision === null) return;
  // Of an ignored service nothing would be undone: that comes back when the candidate is gone.
  if (current_revision !== null && desired_before !== "ignore") await restoreDesired(queries, service);
  await queries
    .updateTable("service")
    .set({ candidate_state: "rejected", updated_at_ms: clock.now() })
    .where("name", "=", service)
    .execute();
}

/** See `Registry.discard`. */
export async function discard(queries: Queries, clock: Clock, service: string): Promise<void> {
  const { candidate_revision, current_revision } = await serviceRow(queries, service);
  if (candidate_revision === null) return;
  await closeRevision(queries, service, candidate_revision, "rejected");
  await queries.deleteFrom("component").where("service", "=", service).where("in_current", "=", 0).execute();
  await queries.updateTable("component").set({ in_candidate: 0 }).where("service", "=", service).execute();
  await restoreDesired(queries, service);
  await keepDesired(queries, service);
  const wanted =
    current_revision === null
      ? { desired: "absent" as const }
      : await queries
          .selectFrom("revision")
          .select("managed")
          .where("service", "=", service)
          .where("number", "=", current_revision)
          .executeTakeFirstOrThrow();
  await queries
    .updateTable("service")
    .set({ ...wanted, candidate_revision: null, candidate_state: null, updated_at_ms: clock.now() })
    .where("name", "=", service)
    .execute();
}

/** See `Registry.accept`. */
export async function accept(
  queries: Queries,
  clock: Clock,
  service: string,
  keep: readonly string[],
): Promise<void> {
  const { candidate_revision, candidate_state, current_revision } = await serviceRow(queries, service);
  if (candidate_state === "rejected") throw alreadyRejected(service, candidate_revision);
  if (candidate_revision !== null) {
    if (current_revision !== null) await closeRevision(queries, service, current_revision, "earlier");
    await queries
      .updateTable("revision")
      .set({ state: "current" })
      .where("service", "=", service)
      .where("number", "=", candidate_revision)
      .execute();
    await queries
      .deleteFrom("component")
      .where("service", "=", service)
      .where("in_candidate", "=", 0)
      .execute();
    await queries
      .updateTable("component")
      .set({ in_current: 1, in_candidate: 0 })
      .where("service", "=", service)
      .execute();
    await keepDesired(queries, service);
    await queries
      .updateTable("service")
      .set({
        current_revision: candidate_revision,
        candidate_revision: null,
        candidate_state: null,
        updated_at_ms: clock.now(),
      })
      .where("name", "=", service)
      .execute();
  }
  await queries.updateTable("instance").set({ role: "retired" }).where("service", "=", service).execute();
  if (keep.length === 0) return;
  await queries
    .updateTable("instance")
    .set({ role: "current" })
    .where("service", "=", service)
    .where("name", "in", keep)
    .execute();
}

/** See `Registry.forget`. */
export async function forget(queries: Queries, clock: Clock, service: string): Promise<void> {
  const { candidate_revision, current_revision } = await serviceRow(queries, service);
  if (candidate_revision !== null) await closeRevision(queries, service, candidate_revision, "rejected");
  if (current_revision !== null) await closeRevision(queries, service, current_revision, "earlier");
  await queries.deleteFrom("component").where("service", "=", service).execute();
  await queries.deleteFrom("instance").where("service", "=", service).execute();
  await queries
    .updateTable("service")
    .set({
      desired: "absent",
      desired_before: null,
      current_revision: null,
      candidate_revision: null,
      candidate_state: null,
      updated_at_ms: clock.now(),
    })
    .where("name", "=", service)
    .execute();
}

/** A revision that is neither current nor candidate any more claims nothing. */
async function closeRevision(
  queries: Queries,
  service: string,
  number: number,
  state: "earlier" | "rejected",
): Promise<void> {
  await queries
    .updateTable("revision")
    .set({ state })
    .where("service", "=", service)
    .where("number", "=", number)
    .execute();
  for (const claims of ["port_claim", "size_claim", "address_claim"] as const)
    await queries.deleteFrom(claims).where("service", "=", service).where("revision", "=", number).execute();
}

const alreadyRejected = (service: string, revision: number | null): Problem =>
  new Problem(
    "superseded",
    `revision ${revision} of ${service} was rejected, and cannot become the current one`,
    `deploy again: mcp deploy ${service}`,
  );
