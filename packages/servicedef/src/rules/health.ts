import { healthKeys, probeFields } from "../keys/health.ts";
import type { Place } from "../place.ts";
import type { DraftComponent, Placed } from "./draft.ts";

/** The port that a health check asks; a route without `container_port` has its `$PORT`, which the agent picks. */
export type HealthPort = number | { readonly route: string };

export function checkHealth({ component, at: componentAt }: Placed): void {
  const { health } = component;
  const at = componentAt.key("health");
  // A way that could not be read is a mistake already, and may be the one that is wanted.
  if (health === undefined || probeFields.some((probe) => at.key(probe).hasMistake)) return;
  const ways = probeFields.filter((probe) => health[probe] !== undefined);
  const [way] = ways;
  if (ways.length !== 1) {
    const found = ways.length > 1 ? `; it has ${ways.join(" and ")}` : "";
    at.wrong(`must have exactly one of http, tcp, grpc, exec${found}`);
  } else if (way === "tcp" || way === "exec") {
    const why = way === "tcp" ? "tcp is the port already" : "exec asks no port";
    if (health.port !== undefined) at.key(healthKeys.port.key).wrong(`does not go with ${way}: ${why}`);
  } else if (health.port === undefined) checkPortIsClear(component, componentAt);
}

function checkPortIsClear(component: DraftComponent, at: Place): void {
  const port = at.key("health").key(healthKeys.port.key);
  if (port.hasMistake || at.key("ports").hasMistake || at.key("routes").hasMistake) return;
  const candidates = healthPorts(component);
  if (candidates.length === 1) return;
  port.wrong(
    candidates.length === 0
      ? "is missing; the component names no port of its own, so say which one to ask"
      : "is missing; the component has several ports, so say which one to ask",
  );
}

/** The ports that a health check could mean if it names none: exactly one makes it clear. */
export function healthPorts({ ports, routes }: DraftComponent): HealthPort[] {
  const numbers = new Set<number>();
  const picked: HealthPort[] = [];
  for (const port of ports ?? []) if (port?.protocol === "tcp") numbers.add(port.guest);
  for (const route of routes ?? []) {
    if (route?.containerPort !== undefined) numbers.add(route.containerPort);
    else if (route?.name !== undefined) picked.push({ route: route.name });
  }
  return [...numbers, ...picked];
}
