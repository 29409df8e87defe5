import { asProblem } from "@mcp/base";
import type { Observation, ServiceGoal, Sighting } from "@mcp/planner";
import type { ImageSource, Workload } from "@mcp/runtime";
import type { HealthMonitor } from "../health/monitor.ts";
import type { KnownRuntime } from "./known-runtime.ts";
import { type Runtimes, whyUnknown } from "./runtimes.ts";

/**
 * What is there of the goal's instances. One list per runtime, and a question by name for each one that the list
 * lacks, since absence from a list is only a hint.
 */
export async function observe(
  goal: ServiceGoal,
  runtimes: Runtimes,
  images: ImageSource,
  signal: AbortSignal,
): Promise<Observation> {
  const sightings = new Map<string, Sighting>();
  const instances = goal.components.flatMap((component) => component.instances);
  const byRuntime = Map.groupBy(instances, ({ kind }) => runtimes.forKind(kind));
  const looking = [...byRuntime].map(async ([known, sought]) => {
    const look = known ? await lookAt(known, runtimes, signal) : noRuntime;
    await Promise.all(
      sought.map(async (instance) => {
        // One that was never started, and is not there, is plainly still to be made.
        const wasStarted = instance.startedAtMs !== undefined;
        sightings.set(instance.name, await look(instance.name, wasStarted));
      }),
    );
  });
  await Promise.all(looking);
  return { sightings, presentImages: await findImages(goal, sightings, images, signal) };
}

type Look = (name: string, wasStarted: boolean) => Promise<Sighting>;

const noRuntime: Look = async () => ({ state: "unknown", why: "no runtime of this node runs this kind" });

async function lookAt(known: KnownRuntime, runtimes: Runtimes, signal: AbortSignal): Promise<Look> {
  const unknown = (thrown: unknown): Look => {
    const sighting: Sighting = { state: "unknown", why: whyUnknown(thrown) };
    return async () => sighting;
  };
  // Trouble is asked about anew: it may be over.
  if (known.trouble || !known.probe) await runtimes.refresh(known, signal);
  if (known.trouble) return unknown(known.trouble);
  let listed: ReadonlyMap<string, Workload>;
  try {
    listed = await known.listed();
  } catch (thrown) {
    signal.throwIfAborted();
    return unknown(thrown);
  }
  let refreshed: Promise<void> | undefined;
  return async (name, wasStarted) => {
    const workload = listed.get(name);
    if (workload?.name === name) return toSighting(workload);
    if (!workload && !wasStarted) return { state: "missing" };
    try {
      const found = await known.runtime.inspect(name, signal);
      if (found) return toSighting(found);
      // Gone, if this is still the store that we know.
      refreshed ??= runtimes.refresh(known, signal);
      await refreshed;
      const why = known.trouble ?? known.whyNotGone(name);
      return why ? { state: "unknown", why: why.message } : { state: "missing" };
    } catch (thrown) {
      signal.throwIfAborted();
      const { message, hint } = asProblem(thrown);
      return { state: "unknown", why: `${message} (${hint})` };
    }
  };
}

/** What was seen, with what the health checks say of those components that have one. */
export function withHealth(
  goal: ServiceGoal,
  observation: Observation,
  monitor: Pick<HealthMonitor, "of">,
): Observation {
  let sightings: Map<string, Sighting> | undefined;
  for (const { target, instances } of goal.components)
    for (const { name } of target?.health ? instances : []) {
      const sighting = observation.sightings.get(name);
      const health = sighting?.state === "running" ? monitor.of(name) : undefined;
      if (sighting?.state !== "running" || !health) continue;
      sightings ??= new Map(observation.sightings);
      sightings.set(name, { ...sighting, health });
    }
  return sightings ? { ...observation, sightings } : observation;
}

export function toSighting({ labels, state, imageDigest, startedAtMs, exit }: Workload): Sighting {
  const made = { specHash: labels.specHash, ...(imageDigest !== undefined && { imageDigest }) };
  switch (state) {
    case "created":
      return { ...made, state };
    case "exited":
      return { ...made, state, ...(exit && { exit }) };
    default:
      return { ...made, state, ...(startedAtMs !== undefined && { startedAtMs }) };
  }
}

/**
 * Only the images of components that may need a new instance: the others have theirs, and about what is unknown nothing is
 * decided.
 */
async function findImages(
  goal: ServiceGoal,
  sightings: ReadonlyMap<string, Sighting>,
  images: ImageSource,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const needed = goal.components.flatMap(({ target, instances }) =>
    target &&
    !instances.some(
      (instance) =>
        isUnknown(sightings.get(instance.name)) ||
        (instance.specHash === target.specHash && isThere(sightings.get(instance.name))),
    )
      ? [target.image]
      : [],
  );
  const present = await Promise.all(
    needed.map(async (image) =>
      (await images.exists(image, signal).catch(() => false)) ? [image.digest] : [],
    ),
  );
  return new Set(present.flat());
}

const isUnknown = (sighting: Sighting | undefined): boolean => sighting?.state === "unknown";

const isThere = (sighting: Sighting | undefined): boolean =>
  sighting !== undefined && sighting.state !== "missing" && sighting.state !== "unknown";
