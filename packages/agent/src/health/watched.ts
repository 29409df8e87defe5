import type { InstanceRecord } from "@mcp/registry";
import type { RuntimeKind, WorkloadSpec } from "@mcp/runtime";
import type { Runtimes } from "../engine/runtimes.ts";
import type { Look } from "../engine/service-state.ts";
import type { Watched } from "./ask.ts";

/** The instances of a service that are to be asked, and those of which nobody knows whether they run. */
export function watchedOf(
  look: Look,
  runtimes: Runtimes,
): { readonly watched: readonly Watched[]; readonly unseen: ReadonlySet<string> } {
  const watched: Watched[] = [];
  const unseen = new Set<string>();
  const checked = new Set(
    look.goal.components.flatMap(({ name, target, desired }) =>
      target?.health && desired === "running" ? name : [],
    ),
  );
  // Most services have none, and are looked at as often.
  if (checked.size === 0) return { watched, unseen };
  for (const record of look.record.instances) {
    if (!checked.has(record.component)) continue;
    const sighting = look.observation.sightings.get(record.name);
    if (sighting?.state === "unknown") unseen.add(record.name);
    if (sighting?.state !== "running") continue;
    const found = toWatched(record, sighting.startedAtMs ?? record.startedAtMs, look, runtimes);
    if (found) watched.push(found);
  }
  return { watched, unseen };
}

/** Undefined where it has no health check. */
export function toWatched(
  record: InstanceRecord,
  startedAtMs: number | undefined,
  { goal, revisions }: Look,
  runtimes: Runtimes,
): Watched | undefined {
  const target = goal.components.find(({ name }) => name === record.component)?.target;
  // A newer revision may have another check for an instance that it left as it was.
  const revision = target?.specHash === record.specHash ? target.revision : record.revision;
  const pinned = revisions.get(revision)?.components.find(({ name }) => name === record.component);
  const runtime = runtimes.forKind(record.kind as RuntimeKind)?.runtime;
  if (!pinned?.health || !runtime) return undefined;
  const { ports, attachment } = record.spec as WorkloadSpec;
  return {
    service: record.service,
    instance: record.name,
    check: pinned.health,
    ports,
    ...(attachment && { address: attachment.address }),
    runtime,
    ...(startedAtMs !== undefined && { startedAtMs }),
    isOnTrial: record.role === "candidate",
  };
}
