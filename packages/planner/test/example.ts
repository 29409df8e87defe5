import type { ComponentGoal, Instance, Observation, Plan, ServiceGoal, Sighting, Target } from "@mcp/planner";
import type { PortMapping } from "@mcp/runtime";

export const nowMs = 1_000_000;

/** A goal in which everything is as usual but for what is given. */
export const service = (
  components: readonly ComponentGoal[],
  more: Partial<ServiceGoal> = {},
): ServiceGoal => ({
  service: "shop",
  desired: "running",
  managed: "heal",
  current: 1,
  cause: "operation",
  components,
  ...more,
});

export const trying = { candidate: { revision: 2, state: "trying" } } as const;
export const rejected = { candidate: { revision: 2, state: "rejected" } } as const;

export const component = (name: string, more: Partial<ComponentGoal> = {}): ComponentGoal => ({
  name,
  desired: "running",
  target: target(),
  instances: [],
  freshName: `${name}.new`,
  ...more,
});

/** What the definition no longer has. */
export const leftOver = (name: string, instances: readonly Instance[]): ComponentGoal => ({
  name,
  desired: "running",
  instances,
  freshName: `${name}.new`,
});

export const target = (more: Partial<Target> = {}): Target => ({
  revision: 2,
  specHash: "v2",
  kind: "container",
  image: { reference: "registry.example/shop:2", digest: "sha256:2" },
  ports: [],
  dependsOn: [],
  update: "stop-first",
  restart: { policy: "unless-stopped" },
  startPeriodMs: 5_000,
  ...more,
});

/** Long since started, unless said otherwise. */
export const instance = (name: string, more: Partial<Instance> = {}): Instance => ({
  name,
  role: "current",
  kind: "container",
  specHash: "v2",
  ports: [],
  graceMs: 10_000,
  startedAtMs: 0,
  restarts: 0,
  quickEnds: 0,
  ...more,
});

/** Recorded, and never seen to start. */
export function neverStarted(name: string, more: Partial<Instance> = {}): Instance {
  const { startedAtMs: _, ...rest } = instance(name, more);
  return rest;
}

export const tcp = (host: number, address = ""): PortMapping => ({
  address,
  host,
  guest: 8080,
  protocol: "tcp",
});

export const unknown: Sighting = { state: "unknown", why: "podman does not answer" };
export const missing: Sighting = { state: "missing" };
export const up = (specHash = "v2"): Sighting => ({ state: "running", specHash });
export const exited = (code = 0, specHash = "v2"): Sighting => ({
  state: "exited",
  specHash,
  exit: { atMs: 0, code, reason: "exited" },
});

/** All images are there unless said otherwise. */
export const sees = (
  sightings: Readonly<Record<string, Sighting>> = {},
  presentImages: readonly string[] = ["sha256:1", "sha256:2"],
): Observation => ({ sightings: new Map(Object.entries(sightings)), presentImages: new Set(presentImages) });

/** Each step in a line: `3 start web.new (new) after 1,2`. */
export const script = ({ steps }: Plan): string[] =>
  steps.map(({ number, action, after }) => {
    const words: (string | number)[] = [number, action.do];
    if (action.do === "pull") words.push(action.image.digest);
    if ("instance" in action) words.push(action.instance);
    if ("revision" in action) words.push(action.revision);
    if (action.do === "accept") words.push(`keep ${action.keep.join(",")}`);
    if (action.do === "start" && action.isNew) words.push("(new)");
    if (action.do === "start" && action.isRestart) words.push("(restart)");
    if (after.length > 0) words.push(`after ${after.join(",")}`);
    return words.join(" ");
  });

export const reasons = ({ steps }: Plan): string[] =>
  steps.map(({ action, reason }) => `${action.do}: ${reason}`);
