import type { RuntimeName } from "../definition.ts";
import type { Place } from "../place.ts";
import { type DraftComponent, type Placed, placed } from "./draft.ts";
import { checkStart } from "./starting.ts";

/** @param runtime  the component's own, or the service's. */
export function checkComponent({ component, at }: Placed, runtime: RuntimeName): void {
  checkGuestPaths(component, at);
  checkVariables(component, at);
  checkStart(component, at);
  if (runtime !== "container") checkMachine(component, at, runtime);
  if (runtime !== "unikernel" && component.files !== undefined)
    at.key("files").wrong(`is for unikernels; a ${runtime} always has the whole image`);
}

function checkGuestPaths(component: DraftComponent, at: Place): void {
  const taken = new Set<string>();
  for (const [volume, place] of placed(component.volumes, at.key("volumes"))) {
    if (taken.has(volume.guest)) place.wrong(`two volumes are mounted at ${volume.guest}; only one can be`);
    taken.add(volume.guest);
  }
}

/** A variable with two sources would have whichever comes last, which nobody can see from the definition. */
function checkVariables(component: DraftComponent, at: Place): void {
  const written = component.env ?? {};
  const secrets = new Set<string>();
  for (const [reference, place] of placed(component.envFrom, at.key("env_from"))) {
    const name = reference.slice("secret:".length);
    if (secrets.has(name)) place.wrong(`${name} stands here twice`);
    else if (Object.hasOwn(written, name))
      place.wrong(`${name} is set by env too; write it in one of the two`);
    secrets.add(name);
  }
  const routes = component.routes ?? [];
  for (const [route, place] of placed(routes, at.key("routes"))) {
    if (route.name === undefined || route.containerPort !== undefined || place.hasMistake) continue;
    const variable = portVariable(route.name, routes.length);
    if (Object.hasOwn(written, variable) || secrets.has(variable))
      place.wrong(
        `the agent picks a port for this route and says it in ${variable}, which the component sets itself; add container_port, or take ${variable} out of the environment`,
      );
  }
}

/** The variable that tells a component where to listen for a route: `PORT` if it has one route, else `PORT_<NAME>`. */
export function portVariable(route: string, routes: number): string {
  return routes === 1 ? "PORT" : `PORT_${route.toUpperCase().replaceAll("-", "_")}`;
}

function checkMachine(component: DraftComponent, at: Place, runtime: RuntimeName): void {
  if (component.memoryMiB === undefined && !at.key("memory").hasMistake)
    at.key("memory").wrong(`is missing; a ${runtime} needs its size in MiB, such as memory = 256`);
  if (component.vcpus !== undefined && !Number.isInteger(component.vcpus))
    at.key("vcpus").wrong(`must be a whole number for a ${runtime}, not ${component.vcpus}`);
  if (component.health?.exec !== undefined)
    at.key("health")
      .key("exec")
      .wrong(`cannot be used in a ${runtime}: nothing can be run inside; use http, tcp or grpc`);
}
