import { Problem } from "@mcp/base";
import type { Registry, RevisionRecord } from "@mcp/registry";
import type { Runtimes } from "../engine/runtimes.ts";
import type { ServiceState } from "../engine/service-state.ts";
import type { RevisionContent } from "../revision/content.ts";
import { readRevision } from "../revision/revision.ts";
import { checkReachable } from "./abilities.ts";
import { findBridge, isVm, type NetworkDeps, withBridge } from "./network.ts";

/**
 * What a rollback to it asks for: all that it was, on the network that there is now.
 *
 * @throws Problem `port_on_bridge`, `health_unreachable` where it cannot be that there; as `GuestNetwork.find`.
 */
export async function contentToReturnTo(
  record: RevisionRecord,
  deps: NetworkDeps & { readonly runtimes: Runtimes },
): Promise<RevisionContent> {
  const revision = readRevision(record);
  const bridge = await findBridge(revision.components, deps);
  for (const { name, runtime, health, ports } of bridge ? [] : revision.components) {
    const probe = deps.runtimes.forKind(runtime)?.probe;
    if (health && isVm(runtime) && probe?.ok)
      checkReachable(name, health.probe, ports, probe.can.ownAddresses);
  }
  return withBridge(revision, bridge);
}

/** The named revision, or the newest that was current before the present one. */
export async function revisionToReturnTo(
  state: ServiceState,
  number: number | undefined,
  registry: Registry,
) {
  const { name, currentRevision } = state.record;
  const revisions = await registry.revisions(name);
  const found =
    number === undefined
      ? revisions.find((revision) => revision.state === "earlier" && revision.number !== currentRevision)
      : revisions.find((revision) => revision.number === number);
  if (found) return found;
  if (number !== undefined) throw revisionNotFound(name, number);
  throw new Problem(
    "no_earlier_revision",
    `${name} has no earlier revision to go back to`,
    `see its history with: mcp service history ${name}`,
  );
}

export const revisionNotFound = (service: string, number: number): Problem =>
  new Problem(
    "revision_not_found",
    `${service} has no revision ${number}`,
    `see what there is with: mcp service history ${service}`,
  );
