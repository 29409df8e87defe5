import {
  conditionsOf,
  crashLoopEnds,
  type DriftKind,
  type Judgement,
  judge,
  longestWaitMs,
  type ServiceGoal,
  unsettledOf,
} from "@mcp/planner";
import { driftData, lastDrift } from "./drift-data.ts";
import type { Engine } from "./engine.ts";
import { lastLogLines } from "./last-log-lines.ts";
import type { Look } from "./service-state.ts";

/** How far back a new agent looks for what an earlier one told of a crash loop. */
const mostEventsRead = 1_000;

/** Tells what a look has found: what changed as events, and what is wrong as conditions. */
export class ServiceReport {
  readonly #engine: Engine;
  /** By service: its components when it was last looked at. */
  readonly #components = new Map<string, ReadonlySet<string>>();
  /** By service and component. */
  readonly #lastSeen = new Map<string, { readonly state: string; readonly drift: DriftKind | undefined }>();
  /** What is in a crash loop that was told, with the end of its log when that began. */
  readonly #loops = new Map<string, readonly string[]>();
  /** Since when it waits for the health of others, by the clock that cannot jump. */
  readonly #waiting = new Map<string, number>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @returns when to look again, if time alone will change what is told. */
  async tell(look: Look): Promise<number | undefined> {
    const { conditions, pauses, deps, metrics } = this.#engine;
    const { goal, observation } = look;
    const nowMs = deps.clock.now();
    const judgements = new Map<string, Judgement>();
    const lines = new Map<string, readonly string[]>();
    this.#keepOnly(goal.service, new Set(goal.components.map(({ name }) => name)));
    for (const component of goal.components) {
      const judgement = judge(goal, component, observation, nowMs);
      judgements.set(component.name, judgement);
      await this.#tellOf(component.name, judgement, look);
      const loop = this.#loops.get(keyOf(goal.service, component.name));
      if (loop) lines.set(component.name, loop);
    }
    metrics.seen(goal, judgements);
    const { waitedMs, wakes } = this.#waits(goal, judgements);
    const failures = pauses.failures(goal.service);
    conditions.set(
      `service ${goal.service}`,
      conditionsOf({ goal, judgements, failures, lastLogLines: lines, waitedMs }),
      unsettledOf(goal, judgements, observation),
    );
    wakes.push(...[...judgements.values()].flatMap(({ crashLoop }) => crashLoop?.stableAtMs ?? []));
    return wakes.length > 0 ? Math.min(...wakes) : undefined;
  }

  /** There is no such service any more. */
  forget(service: string): void {
    this.#keepOnly(service, new Set());
    this.#engine.metrics.forget(service);
    this.#engine.conditions.forget(`service ${service}`);
  }

  /** One that is gone and comes back later is another one. */
  #keepOnly(service: string, components: ReadonlySet<string>): void {
    for (const component of this.#components.get(service) ?? []) {
      if (components.has(component)) continue;
      for (const known of [this.#lastSeen, this.#loops, this.#waiting])
        known.delete(keyOf(service, component));
    }
    if (components.size > 0) this.#components.set(service, components);
    else this.#components.delete(service);
  }

  /** For how long components have waited for the health of others, and when that will have been too long. */
  #waits(goal: ServiceGoal, judgements: ReadonlyMap<string, Judgement>) {
    const { deps, boot } = this.#engine;
    const waitedMs = new Map<string, number>();
    const wakes: number[] = [];
    // One whose turn in the boot sequence has not come waits for that.
    const isItsTurn = boot.mayRepair(goal.service);
    for (const [component, { waitsFor }] of judgements) {
      const key = keyOf(goal.service, component);
      if (!waitsFor || !isItsTurn) {
        this.#waiting.delete(key);
        continue;
      }
      const nowMs = deps.clock.monotonic();
      const sinceMs = this.#waiting.get(key) ?? nowMs;
      this.#waiting.set(key, sinceMs);
      waitedMs.set(component, nowMs - sinceMs);
      const leftMs = longestWaitMs(goal, waitsFor) - (nowMs - sinceMs);
      if (leftMs > 0) wakes.push(deps.clock.now() + leftMs);
    }
    return { waitedMs, wakes };
  }

  /** Only what changed since the last look is an event, and only if it is drift, or the end of it: the rest was asked for. */
  async #tellOf(component: string, judgement: Judgement, look: Look): Promise<void> {
    const service = look.record.name;
    const key = keyOf(service, component);
    const state = describe(component, judgement);
    const drift = judgement.drift[0]?.kind;
    const seen = this.#lastSeen.get(key);
    this.#lastSeen.set(key, { state, drift });
    if (!seen) await this.#rememberLoop(component, judgement, look);
    const before = seen ?? (await lastDrift(this.#engine.deps.registry, service, component));
    if (await this.#followLoop(component, judgement, look)) return;
    if (before?.state === state || !(drift || before?.drift)) return;
    // What its checks meet may be put in other words each time.
    if (drift === "unhealthy" && before?.drift === "unhealthy") return;
    const data = driftData(drift, before?.drift, judgement.observed);
    await this.#engine.journal.write({ service, component, kind: "observed", text: state, data });
  }

  /** Its begin, once, and that it is over; whether that was told. */
  async #followLoop(component: string, { crashLoop, ...now }: Judgement, look: Look): Promise<boolean> {
    const { journal, runtimes, signal } = this.#engine;
    const service = look.record.name;
    const key = keyOf(service, component);
    const { instance = component, observed } = now;
    const isKnown = this.#loops.has(key);
    if (crashLoop && !isKnown) {
      const record = look.record.instances.find(({ name }) => name === instance);
      const runtime = runtimes.all.find(({ runtime: one }) =>
        one.kinds.some((kind) => kind === record?.kind),
      );
      const lines = await lastLogLines(runtime?.runtime, instance, signal);
      this.#loops.set(key, lines);
      const text = `${instance} keeps crashing: ${crashLoop.text}`;
      const data = { quickEnds: crashLoop.quickEnds, lastLogLines: lines };
      await journal.write({ service, component, kind: "crash_loop", text, data });
      return true;
    }
    if (crashLoop || !isKnown || observed === "unknown") return false;
    this.#loops.delete(key);
    // Stopped by somebody, or left: it ended without having recovered.
    if (observed !== "running") return false;
    await journal.write({
      service,
      component,
      kind: "recovered",
      text: `${instance} runs, and stays up again`,
    });
    return true;
  }

  /** A crash loop that an earlier agent told of is neither told again, nor ends untold. */
  async #rememberLoop(component: string, { instance }: Judgement, { record }: Look): Promise<void> {
    const known = record.instances.find(({ name }) => name === instance);
    if (!known || known.quickEnds + 1 < crashLoopEnds) return;
    const events = await this.#engine.deps.registry.events({
      service: record.name,
      limit: mostEventsRead,
      newest: true,
    });
    const last = events.find(
      (event) => event.component === component && ["crash_loop", "recovered"].includes(event.kind),
    );
    if (last?.kind !== "crash_loop") return;
    const { lastLogLines: lines = [] } = (last.data ?? {}) as { lastLogLines?: readonly string[] };
    this.#loops.set(keyOf(record.name, component), lines);
  }
}

const keyOf = (service: string, component: string): string => `${service}/${component}`;

function describe(component: string, { observed, drift, instance }: Judgement): string {
  const subject = instance ?? component;
  const why = drift.map(({ text }) => text).join(", ");
  return why === "" ? `${subject} is ${observed}` : `${subject}: ${why}`;
}
