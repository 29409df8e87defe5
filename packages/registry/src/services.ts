import type { Selectable } from "kysely";
import type { Reads } from "./database.ts";
import { fromJsonText } from "./json-text.ts";
import type { ComponentRecord, InstanceRecord, ServiceRecord } from "./records.ts";
import type { Schema } from "./schema.ts";

/**
 * Services with all that belongs to them, sorted by name, in four queries however many there are. Those that are
 * undeployed, with nothing left of them, are not among them.
 */
export async function loadServices(queries: Reads, names?: readonly string[]): Promise<ServiceRecord[]> {
  if (names?.length === 0) return [];
  const services = await queries
    .selectFrom("service")
    .selectAll()
    .where((eb) =>
      eb.or([
        eb("desired", "<>", "absent"),
        eb("current_revision", "is not", null),
        eb("candidate_revision", "is not", null),
        eb.exists(
          eb.selectFrom("instance").select("instance.name").whereRef("instance.service", "=", "service.name"),
        ),
      ]),
    )
    .$if(names !== undefined, (query) => query.where("name", "in", names ?? []))
    .orderBy("name")
    .execute();
  const components = await queries
    .selectFrom("component")
    .selectAll()
    .$if(names !== undefined, (query) => query.where("service", "in", names ?? []))
    .orderBy("service")
    .orderBy("name")
    .execute();
  const instances = await queries
    .selectFrom("instance")
    .selectAll()
    .$if(names !== undefined, (query) => query.where("service", "in", names ?? []))
    .orderBy("created_at_ms")
    .orderBy("name")
    .execute();
  const addresses = await queries
    .selectFrom("address_claim")
    .select(["service", "revision", "component", "address"])
    .$if(names !== undefined, (query) => query.where("service", "in", names ?? []))
    .orderBy("revision")
    .orderBy("component")
    .execute();
  const componentsOf = Map.groupBy(components, ({ service }) => service);
  const instancesOf = Map.groupBy(instances, ({ service }) => service);
  const addressesOf = Map.groupBy(addresses, ({ service }) => service);
  return services.map((row) => ({
    name: row.name,
    desired: row.desired,
    managed: row.managed,
    ...(row.current_revision !== null && { currentRevision: row.current_revision }),
    ...(row.candidate_revision !== null &&
      row.candidate_state !== null && {
        candidate: { revision: row.candidate_revision, state: row.candidate_state },
      }),
    updatedAtMs: row.updated_at_ms,
    components: (componentsOf.get(row.name) ?? []).map(toComponent),
    instances: (instancesOf.get(row.name) ?? []).map(toInstance),
    addresses: (addressesOf.get(row.name) ?? []).map(({ revision, component, address }) => ({
      revision,
      component,
      address,
    })),
  }));
}

function toComponent(row: Selectable<Schema["component"]>): ComponentRecord {
  return {
    name: row.name,
    knownName: row.known_name,
    desired: row.desired,
    ...(row.restart_before_ms !== null && { restartBeforeMs: row.restart_before_ms }),
  };
}

export function toInstance(row: Selectable<Schema["instance"]>): InstanceRecord {
  return {
    name: row.name,
    service: row.service,
    component: row.component,
    revision: row.revision,
    specHash: row.spec_hash,
    spec: fromJsonText(row.spec),
    kind: row.kind,
    role: row.role,
    ...(row.handle_kind !== null &&
      row.handle_v !== null &&
      row.handle_state !== null && {
        handle: { kind: row.handle_kind, v: row.handle_v, state: row.handle_state },
      }),
    createdAtMs: row.created_at_ms,
    ...(row.started_at_ms !== null && { startedAtMs: row.started_at_ms }),
    restarts: row.restarts,
    quickEnds: row.quick_ends,
    ...(row.last_exit !== null && { lastExit: fromJsonText(row.last_exit) }),
    ...(row.address !== null && { address: row.address }),
  };
}
