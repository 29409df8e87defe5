import type { Registry } from "@mcp/registry";
import type { WorkloadExit } from "@mcp/runtime";
import type { Look } from "./service-state.ts";

/**
 * Record what was seen and is not known yet: that an instance has started, which an agent that was killed just then could
 * not write down, and how one ended.
 */
export async function noteWhatHappened(
  { record, observation }: Look,
  registry: Registry,
  nowMs: number,
): Promise<void> {
  for (const { name, startedAtMs, lastExit } of record.instances) {
    const sighting = observation.sightings.get(name);
    if (!sighting || sighting.state === "unknown") continue;
    if (sighting.state === "missing") {
      // Nobody saw it end, but the pause before it is started again counts from somewhere.
      const isSeen = lastExit !== undefined && (lastExit as WorkloadExit).atMs >= (startedAtMs ?? 0);
      if (startedAtMs !== undefined && !isSeen) {
        const gone: WorkloadExit = { atMs: nowMs, reason: "unknown" };
        await registry.setInstance(name, { lastExit: gone });
      }
      continue;
    }
    const hasStarted = sighting.state !== "created" && startedAtMs === undefined;
    if (hasStarted) {
      const seenMs = sighting.state === "exited" ? sighting.exit?.atMs : sighting.startedAtMs;
      await registry.setInstance(name, { startedAtMs: seenMs ?? nowMs });
    }
    const exit = sighting.state === "exited" ? sighting.exit : undefined;
    if (exit && JSON.stringify(exit) !== JSON.stringify(lastExit))
      await registry.setInstance(name, { lastExit: exit });
  }
}
