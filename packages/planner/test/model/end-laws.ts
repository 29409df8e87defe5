import { decideRestart, judge, type ServiceGoal } from "@mcp/planner";
import { isBroken } from "./definition.ts";
import { demand } from "./demand.ts";
import { type InstanceRecord, isUp, type World } from "./world.ts";

/** What holds of every world that has come to rest. */
export function checkEnd(world: World, cause: ServiceGoal["cause"]): void {
  const { service } = world;
  for (const name of world.workloads.keys())
    demand(service?.instances.has(name) === true, `${name} is orphaned: no record of it is left`);
  if (!service) return;
  demand(service.candidate === undefined, "a revision is still on trial");
  demand(service.desired !== "absent", "the service is still there");
  for (const { name, component, role } of service.instances.values()) {
    if (waitsForHealth(world, component)) continue;
    demand(role === "current", `${name} is still there as ${role}`);
    demand(world.definitionOf(component) !== undefined, `${name} is orphaned: its component is gone`);
  }
  for (const { name } of world.aim?.definition ?? [])
    if (service.components.get(name)?.desired === "stopped") checkStopped(world, name);
    else if (!waitsForHealth(world, name)) checkRunning(world, name, cause);
}

function checkStopped(world: World, component: string): void {
  for (const { name } of world.instancesOf(component)) {
    const workload = world.workloads.get(name);
    demand(!workload || !isUp(workload), `${name} runs, and should be stopped`);
  }
}

function checkRunning(world: World, component: string, cause: ServiceGoal["cause"]): void {
  const instances = world.instancesOf(component);
  const [instance] = instances;
  demand(instance !== undefined && instances.length === 1, `${component} has ${instances.length} instances`);
  const { specHash } = instance;
  demand(
    specHash === world.definitionOf(component)?.specHash,
    `${instance.name} has the settings of another revision`,
  );
  const workload = world.workloads.get(instance.name);
  if (workload && isUp(workload)) {
    demand(workload.specHash === specHash, `${instance.name} runs with settings that are not its own`);
    const service = world.goal(cause);
    const goal = service.components.find(({ name }) => name === component);
    demand(goal !== undefined, `${instance.name} runs, and nothing is wanted of it`);
    const { drift, observed } = judge(service, goal, world.observe(), world.nowMs);
    // One that crashed again and again has to run for a while before it is trusted.
    const others = drift.filter(({ kind }) => kind !== "crash_looping");
    demand(
      others.length === 0 && observed !== "missing",
      `${instance.name} runs, and drifts: ${JSON.stringify(others)}`,
    );
    return;
  }
  demand(
    isBroken(specHash) || (cause === "repair" && mayRest(world, instance)),
    `${instance.name} does not run`,
  );
}

/** Its restart policy leaves it down. */
function mayRest(world: World, instance: InstanceRecord): boolean {
  const restart = world.definitionOf(instance.component)?.restart;
  const sighting = world.observe().sightings.get(instance.name);
  return !!restart && !!sighting && decideRestart(restart, instance, sighting, world.nowMs).do === "leave";
}

/** Something that it depends on, also through others, has a health check and cannot run or stays down. */
function waitsForHealth(world: World, component: string): boolean {
  const definition = world.definitionOf(component);
  return (definition?.dependsOn ?? []).some((name) => {
    const below = world.definitionOf(name);
    const shouldRun = world.service?.components.get(name)?.desired !== "stopped";
    const isHealthy = world
      .instancesOf(name)
      .some((instance) => world.workloads.get(instance.name)?.health === "healthy");
    return (below?.health !== undefined && shouldRun && !isHealthy) || waitsForHealth(world, name);
  });
}
