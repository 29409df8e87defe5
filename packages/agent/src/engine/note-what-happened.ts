import type { Registry } from "@mcp/registry";
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
    if (!sighting || sighting.state === "unknown" || sighting.state === "missing") continue;
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
