import type { WorkloadExit } from "@mcp/runtime";

/** What was seen of the recorded instances of a service, and of the images it needs. */
export interface Observation {
  readonly sightings: ReadonlyMap<string, Sighting>;
  /** Digests of the images that are on this host, of those that the goal names. */
  readonly presentImages: ReadonlySet<string>;
}

/**
 * What was seen of one instance. `missing` is a fact: its runtime, asked by name in the store we know, said not found.
 * Whatever is less than that is `unknown`, and nothing is done about it.
 */
export type Sighting =
  | { readonly state: "unknown"; readonly why: string }
  | { readonly state: "missing" }
  | (Made & { readonly state: "created" })
  | (Made & {
      readonly state: "starting" | "running" | "stopping";
      readonly startedAtMs?: number;
      /** Of its health check; absent: it has none, or nobody has asked yet. */
      readonly health?: Health;
    })
  | (Made & { readonly state: "exited"; readonly exit?: WorkloadExit });

/** What it was made from. */
interface Made {
  readonly specHash: string;
  /** Absent where its runtime cannot tell. */
  readonly imageDigest?: string;
}

/** What its health check says. `starting`: it has not passed yet, and failures do not count yet. */
export interface Health {
  readonly state: "starting" | "healthy" | "unhealthy";
  readonly sinceMs: number;
  /** What the last check met, for people. */
  readonly text: string;
  /** It has been healthy in this life. */
  readonly hasPassed: boolean;
}

export const healthOf = (sighting: Sighting): Health | undefined =>
  sighting.state === "running" ? sighting.health : undefined;

/** Holds its ports and must be stopped before it can go. */
export const isActive = (sighting: Sighting): boolean =>
  sighting.state === "running" || sighting.state === "starting" || sighting.state === "stopping";

const neverSeen: Sighting = { state: "unknown", why: "it was not looked for" };

export const sightingOf = (observation: Observation, instance: string): Sighting =>
  observation.sightings.get(instance) ?? neverSeen;
