import { type Clock, isProblem } from "@mcp/base";
import type { Action } from "@mcp/planner";
import type { InstanceRecord, Registry } from "@mcp/registry";
import type { ImageSource, RuntimeEvent, RuntimeKind, WorkloadSpec } from "@mcp/runtime";
import type { HealthMonitor } from "../health/monitor.ts";
import { toWatched } from "../health/watched.ts";
import { toSpec } from "../revision/revision.ts";
import { checkVolumesStill } from "../revision/volumes.ts";
import type { Broadcast } from "./broadcast.ts";
import { addressOf } from "./goal.ts";
import type { Journal } from "./journal.ts";
import type { KnownRuntime } from "./known-runtime.ts";
import type { Runtimes } from "./runtimes.ts";
import type { Look } from "./service-state.ts";
import { stand } from "./stand.ts";

export interface ExecutorDeps {
  readonly registry: Registry;
  readonly runtimes: Runtimes;
  readonly images: ImageSource;
  readonly events: Broadcast<RuntimeEvent>;
  readonly health: HealthMonitor;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
  readonly allowedVolumes: readonly string[];
  readonly faultPoint: (where: string) => Promise<void>;
}

type Executor<Do extends Action["do"]> = (
  action: Extract<Action, { do: Do }>,
  look: Look,
  deps: ExecutorDeps,
) => Promise<void>;

/** One for each action there is: a missing one does not compile. Each is safe to repeat after a crash. */
export const executors: { readonly [Do in Action["do"]]: Executor<Do> } = {
  async pull({ image }, _look, { images, onProgress, signal }) {
    await images.pull(image, onProgress, signal);
  },

  async start(action, look, deps) {
    const record = action.isNew
      ? await recordNewInstance(action.component, action.instance, look, deps)
      : recordOf(action.instance, look);
    const known = runtimeOf(action, look, deps);
    const spec = record.spec as WorkloadSpec;
    await deps.runtimes.mustBeTrusted(known, deps.signal);
    await checkVolumesStill(spec.volumes, action.component, deps.allowedVolumes);
    await deps.faultPoint("start: recorded");
    deps.health.forget(action.instance);
    const handle = await known.runtime.start(spec, deps.signal);
    await deps.faultPoint("start: started");
    // A start that was asked for begins the count anew.
    const restarts = action.isRestart ? record.restarts + 1 : action.uncounted ? record.restarts : 0;
    const { quickEnds } = action;
    const startedAtMs = deps.clock.now();
    await deps.registry.setInstance(action.instance, { handle, startedAtMs, restarts, quickEnds });
    if (action.isRestart && wasStoppedForIt(action, look))
      await deps.registry.requestRestart(look.record.name, [action.component], 0);
    await deps.journal.write({
      service: look.record.name,
      component: action.component,
      kind: action.isRestart ? "restarted" : "started",
      text: `${action.instance} was ${describeStart(action, restarts)}`,
    });
  },

  async stand(action, look, deps) {
    const { instance, startPeriodMs, healthLimitMs } = action;
    const { health, events, clock, signal, onProgress } = deps;
    // Read anew: a start step of this very plan may have made or stamped it.
    const record = await deps.registry.instance(instance);
    const startedAtMs = record?.startedAtMs ?? clock.now();
    const watched = record && toWatched(record, startedAtMs, look, deps.runtimes);
    if (watched) health.begin(watched);
    const standing = stand(instance, {
      runtime: runtimeOf(action, look, deps).runtime,
      events,
      clock,
      startedAtMs,
      startPeriodMs,
      ...(healthLimitMs !== undefined && {
        health: { limitMs: healthLimitMs, changes: health.changes, now: () => health.of(instance) },
      }),
      onProgress,
      signal,
    });
    await standing.catch((thrown: unknown) => {
      if (!action.mayFail || !isProblem(thrown)) throw thrown;
      onProgress(thrown.message);
    });
  },

  async stop(action, look, deps) {
    const { component, instance, graceMs } = action;
    deps.health.forget(instance);
    if (action.isForRestart)
      await deps.registry.requestRestart(look.record.name, [component], deps.clock.now());
    await deps.faultPoint("stop: recorded");
    await runtimeOf(action, look, deps).runtime.stop(instance, { graceMs }, deps.signal);
    await deps.journal.write({
      service: look.record.name,
      component,
      kind: "stopped",
      text: `${instance} was stopped`,
    });
  },

  async remove(action, look, deps) {
    await runtimeOf(action, look, deps).runtime.remove(action.instance, deps.signal);
    await deps.faultPoint("remove: removed");
    await deps.registry.removeInstance(action.instance);
  },

  async accept({ revision, keep }, look, { registry, journal }) {
    const service = look.record.name;
    await registry.accept(service, { keep });
    await journal.write({ service, kind: "deployed", text: `${service}: revision ${revision} is current` });
  },

  async discard({ revision }, look, { registry, journal }) {
    const service = look.record.name;
    await registry.discard(service);
    const remains = look.record.currentRevision;
    const text =
      remains === undefined
        ? `${service}: revision ${revision} failed and is removed; there was none before it`
        : `${service}: revision ${revision} failed; revision ${remains} stays current`;
    await journal.write({ service, kind: "deploy_failed", text });
  },

  async forget(_action, look, { registry, journal }) {
    const service = look.record.name;
    await registry.forget(service);
    await journal.write({ service, kind: "undeployed", text: `${service} was undeployed` });
  },
};

export function execute(action: Action, look: Look, deps: ExecutorDeps): Promise<void> {
  // Each executor takes its own action: a correlation that the type of an index access cannot express.
  return (executors[action.do] as Executor<Action["do"]>)(action, look, deps);
}

/** The intent comes first: a kill between here and the runtime leaves a record of what to look for. */
async function recordNewInstance(
  component: string,
  instance: string,
  look: Look,
  deps: ExecutorDeps,
): Promise<InstanceRecord> {
  const { record, revisions } = look;
  const isTrial = record.candidate?.state === "trying";
  const number = isTrial ? record.candidate?.revision : record.currentRevision;
  const pinned = revisions.get(number ?? -1)?.components.find(({ name }) => name === component);
  if (number === undefined || !pinned) throw new Error(`nothing to start ${instance} from`);
  const address = addressOf(record, number, component);
  const added = {
    name: instance,
    service: record.name,
    component,
    revision: number,
    specHash: pinned.specHash,
    spec: toSpec(record.name, number, pinned, instance, address),
    kind: pinned.runtime,
    role: isTrial ? ("candidate" as const) : ("current" as const),
    ...(address !== undefined && { address }),
  };
  await deps.registry.addInstance(added);
  return { ...added, createdAtMs: deps.clock.now(), restarts: 0, quickEnds: 0 };
}

/** Left as it is, the request would be obeyed once more after somebody has set the clock. */
const wasStoppedForIt = (
  { component, instance }: { component: string; instance: string },
  look: Look,
): boolean =>
  look.record.components.some(({ name, restartBeforeMs = 0 }) => name === component && restartBeforeMs > 0) ||
  look.plan.steps.some(
    ({ action }) => action.do === "stop" && action.instance === instance && action.isForRestart,
  );

function recordOf(instance: string, look: Look): InstanceRecord {
  const record = look.record.instances.find(({ name }) => name === instance);
  if (!record) throw new Error(`instance ${instance} is not recorded`);
  return record;
}

/** By the instance's own kind; one that this plan makes is of its target's kind. */
function runtimeOf(
  action: { component: string; instance: string },
  look: Look,
  deps: ExecutorDeps,
): KnownRuntime {
  const kind = kindOf(action, look);
  if (!kind) throw new Error(`instance ${action.instance} is not recorded`);
  return deps.runtimes.require(kind);
}

function kindOf(action: { component: string; instance: string }, { goal }: Look): RuntimeKind | undefined {
  const component = goal.components.find(({ name }) => name === action.component);
  const instance = component?.instances.find(({ name }) => name === action.instance);
  return instance?.kind ?? component?.target?.kind;
}

/** The name of the runtime that an action needs; empty for what needs none. */
export function runtimeNeededBy(action: Action, look: Look, runtimes: Runtimes): string {
  const kind = "instance" in action ? kindOf(action, look) : undefined;
  return (kind && runtimes.forKind(kind)?.name) ?? "";
}

function describeStart({ isRestart, uncounted }: Extract<Action, { do: "start" }>, restarts: number): string {
  if (uncounted === "booted") return "started after a boot of this machine";
  if (uncounted === "orderly") return "started again after an orderly end";
  return isRestart ? `restarted (${ordinal(restarts)} time)` : "started";
}

const ordinal = (count: number): string =>
  `${count}${["th", "st", "nd", "rd"][count % 100 > 10 && count % 100 < 14 ? 0 : count % 10] ?? "th"}`;
