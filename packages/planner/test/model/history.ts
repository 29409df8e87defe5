import { type Definition, drawDefinition } from "./definition.ts";
import { type Accidents, converge, Killed, type Outcome } from "./engine.ts";
import type { Tape } from "./tape.ts";
import { isUp, type ServiceRecord, World } from "./world.ts";

/** What somebody asks for, or nobody (`repair`). */
export type Request =
  | { readonly do: "deploy"; readonly definition: Definition; readonly isActive: boolean }
  | { readonly do: "stop"; readonly component?: string }
  | { readonly do: "start"; readonly component?: string }
  | { readonly do: "restart"; readonly component?: string }
  | { readonly do: "undeploy" }
  | { readonly do: "repair" };

/** How a request changes what is wanted, before anything else is done about it. */
export function intend(world: World, request: Request): void {
  if (request.do === "deploy") propose(world, request.definition, request.isActive);
  const { service } = world;
  if (!service || request.do === "deploy" || request.do === "repair") return;
  if (request.do === "undeploy") {
    service.desired = "absent";
    return;
  }
  const desired = request.do === "stop" ? "stopped" : "running";
  if (request.component === undefined) service.desired = desired;
  for (const [name, component] of service.components) {
    if (request.component !== undefined && request.component !== name) continue;
    component.desired = desired;
    if (request.do === "restart") component.restartBeforeMs = world.nowMs;
  }
}

function propose(world: World, definition: Definition, isActive: boolean): void {
  const revision = world.revisions.size + 1;
  const desired = isActive ? "running" : "stopped";
  world.revisions.set(revision, definition);
  world.service ??= { desired, managed: "heal", components: new Map(), instances: new Map() };
  world.service.desired = desired;
  for (const [name, record] of world.service.instances)
    if (record.role === "candidate") world.service.instances.set(name, { ...record, role: "retired" });
  for (const { name } of definition) world.service.components.set(name, { desired });
  world.service.candidate = { revision, state: "trying" };
}

/** Do what is asked for to its end, however often the agent is killed on the way. */
export function perform(world: World, request: Request, accidents: Accidents): Outcome {
  world.story.push(`asked: ${JSON.stringify(request)}`);
  intend(world, request);
  for (;;) {
    try {
      if (accidents.kill()) throw new Killed();
      return converge(world, request.do === "repair" ? "repair" : "operation", accidents);
    } catch (thrown) {
      if (!(thrown instanceof Killed)) throw thrown;
      world.story.push("killed");
      world.passTime();
    }
  }
}

/** Anything that may happen to a service, one thing after the other, with accidents all along. */
export function drawHistory(tape: Tape, world = new World()): World {
  const definitions = [drawDefinition(tape), drawDefinition(tape), drawDefinition(tape)] as const;
  const accidents = drawAccidents(tape);
  perform(world, { do: "deploy", definition: definitions[0], isActive: true }, accidents);
  for (let count = tape.below(6); count > 0; count--) {
    interfere(tape, world);
    perform(world, drawRequest(tape, world.service, definitions), accidents);
    if (world.service) world.service.managed = tape.pick(["heal", "heal", "report", "ignore"]);
  }
  interfere(tape, world);
  return world;
}

function drawRequest(
  tape: Tape,
  service: ServiceRecord | undefined,
  definitions: readonly [Definition, ...Definition[]],
): Request {
  const kind = tape.pick(["deploy", "deploy", "deploy", "repair", "restart", "stop", "start", "undeploy"]);
  if (kind === "deploy") return { do: kind, definition: tape.pick(definitions), isActive: !tape.once(6) };
  if (kind === "undeploy" || kind === "repair") return { do: kind };
  const names = [...(service?.components.keys() ?? [])];
  const component = tape.once(2) ? names[tape.below(names.length)] : undefined;
  return { do: kind, ...(component !== undefined && { component }) };
}

function drawAccidents(tape: Tape): Accidents {
  const [kills, failures, deaths, unknowns] = [tape.once(2), tape.once(2), tape.once(2), tape.once(3)];
  return {
    kill: () => kills && tape.once(16),
    fail: () => (failures && tape.once(12) ? tape.pick(["without effect", "after its effect"]) : "no"),
    next: (count) => tape.below(count),
    goOn: () => tape.once(2),
    isUnknown: () => unknowns && tape.once(8),
    meanwhile: (world) => {
      if (deaths && tape.once(16)) endOne(tape, world);
      if (deaths && tape.once(16)) sicken(tape, world);
    },
  };
}

function endOne(tape: Tape, world: World): void {
  const names = [...world.workloads.keys()];
  const name = names[tape.below(names.length)];
  if (name !== undefined) world.end(name, tape.below(2));
}

function sicken(tape: Tape, world: World): void {
  const names = [...world.workloads.keys()];
  const name = names[tape.below(names.length)] ?? "";
  const workload = world.workloads.get(name);
  if (workload?.state === "running")
    world.workloads.set(name, { ...workload, health: tape.pick(["starting", "unhealthy"]) });
}

/** Somebody with a shell on the node, or the node itself. */
function interfere(tape: Tape, world: World): void {
  while (tape.once(2)) {
    const names = [...world.workloads.keys()];
    const name = names[tape.below(names.length)] ?? "";
    const workload = world.workloads.get(name);
    const what = tape.pick(["time", "clock", "prune", "end", "remove", "remake", "start"]);
    world.story.push(`meddled: ${what} ${name}`);
    if (what === "time") world.nowMs += 10_000;
    else if (what === "clock") world.nowMs -= 3_600_000;
    else if (what === "prune") world.images.clear();
    else if (!workload) continue;
    else if (what === "end") endOne(tape, world);
    else if (what === "remove") world.workloads.delete(name);
    else if (what === "remake")
      world.workloads.set(name, { ...workload, specHash: `${workload.specHash}-tampered` });
    else if (!isUp(workload) && world.holderOf(workload.ports, name) === undefined)
      world.workloads.set(name, { ...workload, state: "running" });
  }
}
