import { type HostPort, hostPortsOverlap, Problem, printHostPort } from "@mcp/base";
import type { Reads } from "./database.ts";

export interface NameClaim {
  readonly name: string;
  readonly knownName: string;
}

export interface PortClaim extends HostPort {
  readonly component: string;
}

/**
 * A node resolves each known name to one component, so no two may have the same.
 *
 * @throws Problem `name_taken`
 */
export async function requireFreeNames(
  queries: Reads,
  service: string,
  claims: readonly NameClaim[],
): Promise<void> {
  const claimed = new Map<string, string>();
  for (const { name, knownName } of claims) {
    const other = claimed.get(knownName);
    if (other !== undefined && other !== name) throw nameTaken(service, name, knownName, service, other);
    claimed.set(knownName, name);
  }
  if (claimed.size === 0) return;
  const holders = await queries
    .selectFrom("component")
    .select(["service", "name", "known_name"])
    .where("known_name", "in", [...claimed.keys()])
    .orderBy("service")
    .orderBy("name")
    .execute();
  for (const holder of holders) {
    const name = claimed.get(holder.known_name) ?? "";
    if (holder.service === service && holder.name === name) continue;
    throw nameTaken(service, name, holder.known_name, holder.service, holder.name);
  }
}

/**
 * A host port belongs to one service: to its current revision, its candidate, or both. Between components of one
 * service nothing is refused here; the definition's own check has seen them side by side.
 *
 * @throws Problem `port_taken`
 */
export async function requireFreePorts(
  queries: Reads,
  service: string,
  claims: readonly PortClaim[],
): Promise<void> {
  if (claims.length === 0) return;
  const holders = await queries
    .selectFrom("port_claim")
    .select(["service", "component", "address", "port", "protocol"])
    .where("service", "<>", service)
    .where("port", "in", [...new Set(claims.map(({ port }) => port))])
    .orderBy("service")
    .orderBy("component")
    .execute();
  for (const claim of claims) {
    const holder = holders.find((held) => hostPortsOverlap(held, claim));
    if (holder) throw portTaken(service, claim, holder);
  }
}

function nameTaken(
  service: string,
  name: string,
  knownName: string,
  byService: string,
  byName: string,
): Problem {
  return new Problem(
    "name_taken",
    `${service}/${name} would be known as ${knownName} on this node, as ${byService}/${byName} is already`,
    service === byService ? "rename one of them" : `rename one of them, or: mcp undeploy ${byService}`,
  );
}

function portTaken(service: string, claim: PortClaim, by: { service: string; component: string }): Problem {
  return new Problem(
    "port_taken",
    `host port ${printHostPort(claim)}, wanted by ${service}/${claim.component}, already belongs to ${by.service}/${by.component}`,
    `pick another port, or free it with: mcp undeploy ${by.service}`,
  );
}
