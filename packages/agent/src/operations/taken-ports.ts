import { type Clock, type HostPort, hostPortsOverlap, Problem, printHostPort } from "@mcp/base";
import type { HostPorts, HostSocket, Obstacle, PortHolder } from "@mcp/host";
import { isActive, type Observation, type ServiceGoal, sightingOf, toHostPort } from "@mcp/planner";

export interface TakenPort {
  readonly component: string;
  readonly problem: Problem;
}

/** What a workload held is let go of a moment after it has ended, so nothing is refused at the first look. */
const looks = 3;
const pauseMs = 200;

export interface PortDeps {
  readonly hostPorts: HostPorts;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * The host ports that a service is to have and that a program which is not ours holds, so that a deploy can be refused before
 * anything was stopped for it. What instances of this service hold is theirs to give on; what other services' hold is
 * settled by claims.
 *
 * @param observe  asked only if something stands on a port that an instance of this service may hold.
 */
export async function findTakenPorts(
  goal: ServiceGoal,
  observe: () => Promise<Observation>,
  { hostPorts, clock, signal }: PortDeps,
): Promise<readonly TakenPort[]> {
  let foreign = await findForeign(goal, observe, hostPorts);
  for (let look = 2; look <= looks && foreign.length > 0; look++) {
    await clock.sleep(pauseMs, signal);
    foreign = await findForeign(goal, observe, hostPorts);
  }
  return Promise.all(
    foreign.map(async ({ wanted, socket }) => ({
      component: wanted.component,
      problem: portTaken(goal.service, wanted, socket, await hostPorts.holderOf(socket)),
    })),
  );
}

/** @throws Problem `port_taken` for the first of those that `findTakenPorts` finds. */
export async function requireFreeHostPorts(...asked: Parameters<typeof findTakenPorts>): Promise<void> {
  const [first] = await findTakenPorts(...asked);
  if (first) throw first.problem;
}

async function findForeign(
  goal: ServiceGoal,
  observe: () => Promise<Observation>,
  hostPorts: HostPorts,
): Promise<readonly Obstacle<Wanted>[]> {
  const wanted = goal.components.flatMap(({ name: component, desired, target }) =>
    desired === "running" && target
      ? target.ports.map((port): Wanted => ({ component, ...toHostPort(port) }))
      : [],
  );
  const obstacles = await hostPorts.inTheWayOf(wanted);
  const instances = goal.components
    .flatMap((component) => component.instances)
    .map(({ name, ports }) => ({ name, ports: ports.map(toHostPort) }))
    .filter(({ ports }) => obstacles.some(({ socket }) => isAmong(socket, ports)));
  if (instances.length === 0) return obstacles;
  const seen = await observe();
  const held = instances.filter(({ name }) => mayHold(seen, name)).flatMap(({ ports }) => ports);
  return obstacles.filter(({ socket }) => !isAmong(socket, held));
}

interface Wanted extends HostPort {
  readonly component: string;
}

const isAmong = (socket: HostSocket, ports: readonly HostPort[]): boolean =>
  ports.some((port) => hostPortsOverlap(socket, port));

/** What is unknown is left alone for that reason, and told for it. */
function mayHold(observation: Observation, instance: string): boolean {
  const sighting = sightingOf(observation, instance);
  return sighting.state === "unknown" || isActive(sighting);
}

function portTaken(
  service: string,
  wanted: Wanted,
  socket: HostSocket,
  holder: PortHolder | undefined,
): Problem {
  const by = holder ? `${holder.name} (pid ${holder.pid})` : "another program";
  const what = `host port ${printHostPort(wanted)}, wanted by ${service}/${wanted.component}`;
  const look = holder ? `ps -fp ${holder.pid}` : `sudo ss -lntup 'sport = :${wanted.port}'`;
  return new Problem(
    "port_taken",
    `${what}, is held by ${by}, which listens on ${printHostPort(socket)}`,
    `pick another port, or stop that program; see what it is: ${look}`,
  );
}
