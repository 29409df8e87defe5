import {
  type ComponentGoal,
  type Drift,
  type Health,
  healthOf,
  judge,
  type Observation,
  type ObservedState,
  type ServiceGoal,
} from "@mcp/planner";
import type { EventRecord } from "@mcp/registry";
import type { RuntimeKind, Usage, Workload, WorkloadExit } from "@mcp/runtime";
import type { Engine } from "../engine/engine.ts";
import type { ServiceState } from "../engine/service-state.ts";
import { measure } from "./live.ts";
import { findStrangers, findUnmanaged, noStrangers, type Strangers } from "./unmanaged.ts";

export interface StatusReport {
  readonly node: string;
  readonly services: readonly ServiceStatus[];
  /** Newest first. */
  readonly recentEvents: readonly EventRecord[];
  /** With labels of ours, and of no instance that the registry knows. */
  readonly unmanaged: readonly Workload[];
  /** Not ours at all; none where a service was asked for. */
  readonly strangers: Strangers;
}

export interface ServiceStatus {
  readonly state: ServiceState;
  readonly components: readonly ComponentStatus[];
  /** Its id; absent if none is under way. */
  readonly runningOperation?: { readonly id: string; readonly kind: string };
}

export interface ComponentStatus {
  readonly name: string;
  readonly instance?: string;
  readonly desired: "running" | "stopped";
  readonly observed: ObservedState;
  readonly drift: readonly Drift[];
  /** Since when its instance runs, or since when it has not. */
  readonly sinceMs?: number;
  readonly restarts: number;
  readonly lastExitCode?: number;
  /** Of its instance, or of what should run. */
  readonly kind?: RuntimeKind;
  readonly usage?: Usage;
  /** How many of its lives in a row ended too soon, where that makes a crash loop. */
  readonly quickEnds?: number;
  /** When it is started again, where it waits for that. */
  readonly nextTryAtMs?: number;
  /** Absent: it has no health check, or nobody has had an answer yet. */
  readonly health?: Health;
  /** On a bridge. */
  readonly address?: string;
}

const recentEvents = 10;
/** A runtime that measures more slowly does not hold up a status. */
const measureWithinMs = 1_000;

/** Services with what differs from what is wanted, as seen now. */
export async function status(
  engine: Engine,
  service: string | undefined,
  signal: AbortSignal,
): Promise<StatusReport> {
  const { deps, states } = engine;
  const chosen = service === undefined ? await states.loadAll() : [await states.load(service)];
  // Side by side: a runtime that does not answer is waited for once.
  const usage = findUsage(engine, chosen);
  const [unmanaged, strangers, ...services] = await Promise.all([
    service === undefined ? findUnmanaged(engine) : [],
    service === undefined ? findStrangers(engine) : noStrangers,
    ...chosen.map(async (state): Promise<ServiceStatus> => {
      const goal = states.goalOf(state, "repair");
      const observation = await states.observe(goal, signal);
      const used = await usage;
      const [running] = engine.isBusy(state.record.name)
        ? await deps.registry.operations({ service: state.record.name, limit: 1, unfinished: true })
        : [];
      return {
        state,
        components: goal.components.map((component) =>
          componentStatus(engine, goal, component, observation, state, used),
        ),
        ...(running && { runningOperation: { id: running.id, kind: running.kind } }),
      };
    }),
  ]);
  return {
    node: deps.node,
    services,
    recentEvents: await deps.registry.events({
      ...(service !== undefined && { service }),
      limit: recentEvents,
      newest: true,
    }),
    unmanaged,
    strangers,
  };
}

/**
 * What runs uses, by instance. Asked only where a virtual machine is among it, whose size is its own, and cheap to measure:
 * podman measures every container of the host, which `ps --wide` has time for.
 */
async function findUsage(
  engine: Engine,
  states: readonly ServiceState[],
): Promise<ReadonlyMap<string, Usage>> {
  const kinds = new Set(states.flatMap(({ record }) => record.instances.map(({ kind }) => kind)));
  if (![...kinds].some((kind) => kind !== "container")) return new Map();
  const asked = engine.runtimes.all.filter(({ runtime }) => runtime.kinds.some((kind) => kinds.has(kind)));
  const none: ReadonlyMap<string, Usage> = new Map();
  const found = await Promise.all(
    asked.map((known) => measure(engine, known, measureWithinMs).catch(() => none)),
  );
  return new Map(found.flatMap((usages) => [...usages]));
}

function componentStatus(
  { deps }: Engine,
  service: ServiceGoal,
  goal: ComponentGoal,
  observation: Observation,
  state: ServiceState,
  usages: ReadonlyMap<string, Usage>,
): ComponentStatus {
  const judgement = judge(service, goal, observation, deps.clock.now());
  const { instance, observed, drift, nextTryAtMs, crashLoop } = judgement;
  const sighting = instance === undefined ? undefined : observation.sightings.get(instance);
  const record = goal.instances.find(({ name }) => name === instance);
  const own = state.record.instances.find(({ name }) => name === instance);
  const exit = sighting?.state === "exited" ? sighting.exit : undefined;
  const lastExit = exit ?? (own?.lastExit as WorkloadExit | undefined);
  const startedAtMs = sighting && "startedAtMs" in sighting ? sighting.startedAtMs : undefined;
  const sinceMs = exit?.atMs ?? startedAtMs;
  const kind = record?.kind ?? goal.target?.kind;
  const usage = usages.get(instance ?? "");
  const health = sighting && healthOf(sighting);
  return {
    name: goal.name,
    desired: goal.desired,
    observed,
    drift,
    restarts: record?.restarts ?? 0,
    ...(instance !== undefined && { instance }),
    ...(kind && { kind }),
    ...(usage && { usage }),
    ...(health && { health }),
    ...(own?.address !== undefined && { address: own.address }),
    ...(crashLoop && { quickEnds: crashLoop.quickEnds }),
    ...(nextTryAtMs !== undefined && { nextTryAtMs }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(lastExit?.code !== undefined && { lastExitCode: lastExit.code }),
  };
}
