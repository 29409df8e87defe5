import type { WorkloadExit } from "@mcp/runtime";
import { componentNames, conflict, type Definition, drawDefinition } from "./definition.ts";
import type { Tape } from "./tape.ts";
import { type InstanceRecord, isUp, type ServiceRecord, type Workload, World } from "./world.ts";

/** A world in any state at all, whether or not there is a way to get there. */
export function drawWorld(tape: Tape, world = new World()): World {
  const older = drawDefinition(tape);
  const hasCurrent = !tape.once(5);
  if (hasCurrent) world.revisions.set(1, tape.once(3) ? older : drawDefinition(tape));
  const hasCandidate = tape.once(2);
  if (hasCandidate) world.revisions.set(2, tape.once(4) ? older : drawDefinition(tape));
  world.service = {
    desired: tape.pick(["running", "running", "running", "running", "stopped", "absent", "ignore"]),
    managed: tape.pick(["heal", "heal", "report", "ignore"]),
    ...(hasCurrent && { current: 1 }),
    ...(hasCandidate && { candidate: { revision: 2, state: tape.pick(["trying", "rejected"]) } }),
    components: new Map(),
    instances: new Map(),
  };
  for (const name of componentNames) {
    const isDesired = [...world.revisions.values()].some((definition) =>
      definition.some((c) => c.name === name),
    );
    if (isDesired)
      world.service.components.set(name, {
        desired: tape.once(6) ? "stopped" : "running",
        ...(tape.once(5) && { restartBeforeMs: world.nowMs + 20_000 - tape.below(40_000) }),
        ...(tape.once(6) && { notBeforeMs: world.nowMs + 300_000 - tape.below(400_000) }),
      });
    const definitions = [...world.revisions.values(), older];
    for (let count = tape.below(4); count > 0; count--)
      drawInstance(tape, world, world.service, name, definitions);
  }
  for (const { image } of [...world.revisions.values()].flat())
    if (!tape.once(4)) world.images.add(image.digest);
  return world;
}

function drawInstance(
  tape: Tape,
  world: World,
  service: ServiceRecord,
  component: string,
  definitions: readonly Definition[],
): void {
  const from = definitions[tape.below(definitions.length)]?.find(({ name }) => name === component);
  if (!from) return;
  const { specHash, kind, ports, graceMs } = from;
  const name = world.freshName(component);
  const roles: [InstanceRecord["role"], ...InstanceRecord["role"][]] = ["retired"];
  if (service.current !== undefined) roles.unshift("current");
  if (service.candidate) roles.unshift("candidate");
  service.instances.set(name, {
    name,
    component,
    role: tape.pick(roles),
    kind,
    specHash,
    ports,
    graceMs,
    restarts: tape.below(4),
    quickEnds: tape.below(14),
    ...(tape.once(2) && { startedAtMs: world.nowMs + 2_000 - tape.below(tape.pick([12_000, 500_000])) }),
    ...(tape.once(4) && { lastExit: drawExit(tape, world) }),
  });
  const workload = drawWorkload(tape, world, specHash, ports);
  if (workload) world.workloads.set(name, workload);
}

const drawExit = (tape: Tape, { nowMs }: World): WorkloadExit => ({
  atMs: nowMs - tape.pick([0, 300, 5_000, 70_000, -3_600_000]),
  code: tape.below(2),
  reason: "exited",
});

function drawWorkload(
  tape: Tape,
  world: World,
  specHash: string,
  ports: Workload["ports"],
): Workload | undefined {
  const state = tape.pick(["running", "running", "exited", "missing", "created", "starting", "stopping"]);
  if (state === "missing") return undefined;
  const exit = drawExit(tape, world);
  const workload: Workload = {
    specHash: tape.once(6) ? `${specHash}-tampered` : specHash,
    ports,
    state,
    ...(state === "exited" && { exit }),
    ...(state === "running" && tape.once(2) && { health: tape.pick(["healthy", "starting", "unhealthy"]) }),
  };
  // A host gives a port to one at a time.
  const isTaken = [...world.workloads].some(([, other]) => isUp(other) && conflict(other.ports, ports));
  return isUp(workload) && isTaken ? { ...workload, state: "created" } : { ...workload, state };
}
