import type { Action } from "@mcp/planner";
import { demand } from "./demand.ts";
import { type InstanceRecord, isUp, type ServiceRecord, type World } from "./world.ts";

/** A step that did not succeed, as steps may. */
export class StepFailed extends Error {
  override name = "StepFailed";
}

type Executor<Do extends Action["do"]> = (
  world: World,
  service: ServiceRecord,
  action: Extract<Action, { do: Do }>,
) => Generator<undefined, void>;

/**
 * Each action as design.md describes it, in the parts between which an agent may be killed: every `yield` is such a point.
 * What no correct plan could bring about is demanded here.
 */
const executors: { readonly [Do in Action["do"]]: Executor<Do> } = {
  *pull(world, _service, { image }) {
    world.images.add(image.digest);
    yield;
  },

  *start(world, service, { component, instance, isNew, isRestart, quickEnds }) {
    if (isNew) recordNew(world, service, component, instance);
    yield;
    const record = service.instances.get(instance);
    demand(record !== undefined, `${instance} was started and is not recorded`);
    run(world, record);
    yield;
    const restarts = record.restarts + (isRestart ? 1 : 0);
    service.instances.set(instance, { ...record, startedAtMs: world.nowMs, restarts, quickEnds });
    yield;
    if (isRestart) delete service.components.get(component)?.restartBeforeMs;
  },

  *stand(world, _service, { instance, healthLimitMs, mayFail }) {
    yield;
    if (mayFail) return;
    const workload = world.workloads.get(instance);
    if (!workload || !isUp(workload)) throw new StepFailed(`${instance} did not stand its start period`);
    if (healthLimitMs === undefined) return;
    if (workload.health === "unhealthy") throw new StepFailed(`${instance} is unhealthy`);
    world.workloads.set(instance, { ...workload, state: "running", health: "healthy" });
  },

  *stop(world, service, { component, instance, isForRestart }) {
    const wanted = service.components.get(component);
    if (isForRestart && wanted) wanted.restartBeforeMs = world.nowMs;
    yield;
    world.end(instance, 143);
    yield;
  },

  *remove(world, service, { component, instance }) {
    const workload = world.workloads.get(instance);
    demand(!workload || !isUp(workload), `${instance} was removed while it ran`);
    demandSucceeded(world, service, component, instance);
    world.workloads.delete(instance);
    yield;
    service.instances.delete(instance);
  },

  *accept(world, service, { revision, keep }) {
    const { candidate } = service;
    demand(
      candidate?.state === "trying" && candidate.revision === revision,
      "what is not on trial was accepted",
    );
    for (const name of keep) demand(service.instances.has(name), `${name} was accepted and does not exist`);
    service.current = revision;
    delete service.candidate;
    for (const [name, record] of service.instances)
      service.instances.set(name, { ...record, role: keep.includes(name) ? "current" : "retired" });
    forgetComponents(world, service);
    yield;
  },

  *discard(world, service, { revision }) {
    const { candidate } = service;
    demand(
      candidate?.state === "rejected" && candidate.revision === revision,
      "what was not rejected is discarded",
    );
    for (const { name, role } of service.instances.values())
      demand(role !== "candidate", `${name} was left behind by the revision that was discarded`);
    delete service.candidate;
    forgetComponents(world, service);
    yield;
  },

  *forget(world, service) {
    demand(service.instances.size === 0, "a service was forgotten while there was something of it");
    demand(world.workloads.size === 0, "a service was forgotten while it had workloads");
    world.service = undefined;
    yield;
  },
};

export function execute(world: World, action: Action): Generator<undefined, void> {
  demand(world.service !== undefined, "a step was taken for a service that is forgotten");
  return (executors[action.do] as Executor<Action["do"]>)(world, world.service, action);
}

function recordNew(world: World, service: ServiceRecord, component: string, name: string): void {
  const definition = world.definitionOf(component);
  demand(definition !== undefined, `${name} was started, and its component should not be there`);
  demand(!service.instances.has(name), `${name} was made twice`);
  const { specHash, kind, ports, graceMs } = definition;
  const role = service.candidate?.state === "trying" ? "candidate" : "current";
  service.instances.set(name, {
    name,
    component,
    role,
    kind,
    specHash,
    ports,
    graceMs,
    restarts: 0,
    quickEnds: 0,
  });
}

function run(world: World, { name, component, specHash, ports }: InstanceRecord): void {
  const workload = world.workloads.get(name);
  demand(
    !workload || workload.specHash === specHash,
    `${name} was started with other settings than it was made with`,
  );
  if (workload && isUp(workload)) return;
  const image = world.definitionOf(component)?.image.digest ?? "";
  demand(workload !== undefined || world.images.has(image), `${name} was started without its image`);
  const holder = world.holderOf(ports, name);
  demand(holder === undefined, `${name} was started while ${holder} held its host port`);
  world.workloads.set(name, { specHash, ports, state: "running" });
}

/** An instance goes when its successor is accepted, its revision was rejected, or nothing of its component should stay. */
function demandSucceeded(world: World, service: ServiceRecord, component: string, name: string): void {
  const target = world.definitionOf(component);
  const role = service.instances.get(name)?.role;
  if (service.desired === "absent" || !target || role === "retired") return;
  if (role === "candidate" && service.candidate?.state === "rejected") return;
  const successor = world
    .instancesOf(component)
    .some((other) => other.name !== name && other.role === "current" && other.specHash === target.specHash);
  demand(
    successor && service.candidate?.state !== "trying",
    `${name} was removed before its successor was accepted`,
  );
}

/** Those of no revision that matters any more. */
function forgetComponents(world: World, service: ServiceRecord): void {
  for (const name of service.components.keys())
    if (!world.definitionOf(name)) service.components.delete(name);
}
