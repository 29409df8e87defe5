import { asProblem, backoffMs } from "@mcp/base";
import { type Judgement, judge } from "@mcp/planner";
import type { Workload } from "@mcp/runtime";
import type { Engine } from "./engine.ts";
import type { KnownRuntime } from "./runtimes.ts";
import type { Look } from "./service-state.ts";

/** Events come in bursts (died, cleaned up, removed): one look is enough for all of them. */
const debounceMs = 15;
const resubscribe = { firstMs: 200, maxMs: 10_000 };

/**
 * Notices what changes by itself: subscribes to every runtime, looks at a service when something of it moved, and at all
 * of them once every interval in case an event was lost. What it sees goes to the journal; what must be done about it
 * becomes an operation like any other.
 */
export class Watch {
  readonly #engine: Engine;
  readonly #lastSeen = new Map<string, { readonly state: string; readonly hasDrifted: boolean }>();
  readonly #timers = new Map<string, { atMs: number; cancel: AbortController }>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Runs until the engine ends. */
  async run(): Promise<void> {
    const { signal } = this.#engine;
    await Promise.all([
      ...this.#engine.runtimes.all.map((known) => this.#subscribe(known)),
      this.#tick(),
    ]).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown;
    });
  }

  async #subscribe(known: KnownRuntime): Promise<void> {
    const { deps, signal, runtimeEvents, journal } = this.#engine;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        for await (const event of known.runtime.events(signal)) {
          attempt = 0;
          runtimeEvents.send(event);
          const service = await this.#serviceOf(event.name, known);
          if (service !== undefined) this.lookSoon(service, debounceMs);
        }
      } catch (thrown) {
        if (signal.aborted) return;
        deps.log.warn("the events of a runtime were lost", {
          runtime: known.name,
          problem: asProblem(thrown).toJSON(),
        });
      }
      if (signal.aborted) return;
      if (attempt === 0)
        await journal.write({
          service: "",
          kind: "runtime_lost",
          text: `${known.name}: its events were lost`,
        });
      await deps.clock.sleep(backoffMs(resubscribe, attempt + 1, deps.random()), signal).catch(() => {});
      // What happened in between was not heard.
      if (!signal.aborted) await this.#lookAtAll();
    }
  }

  async #tick(): Promise<void> {
    const { deps, signal } = this.#engine;
    while (!signal.aborted) {
      await deps.clock.sleep(deps.intervalMs, signal).catch(() => {});
      if (signal.aborted) return;
      await Promise.all(
        this.#engine.runtimes.all.map((known) => this.#engine.runtimes.refresh(known, signal)),
      );
      await this.#lookAtAll();
    }
  }

  async #lookAtAll(): Promise<void> {
    try {
      for (const { name } of await this.#engine.deps.registry.services()) this.lookSoon(name, 0);
    } catch (cause) {
      this.#engine.deps.log.error("the services could not be read", { cause });
    }
  }

  /** Look at a service after so long; a look that is due sooner already stands. */
  lookSoon(service: string, afterMs: number): void {
    const { deps, signal } = this.#engine;
    const atMs = deps.clock.monotonic() + afterMs;
    const due = this.#timers.get(service);
    if (due && due.atMs <= atMs) return;
    due?.cancel.abort();
    const cancel = new AbortController();
    this.#timers.set(service, { atMs, cancel });
    deps.clock.sleep(afterMs, AbortSignal.any([signal, cancel.signal])).then(
      () => {
        this.#timers.delete(service);
        return this.#engine
          .inLane(service, () => this.#look(service))
          .catch((thrown: unknown) => {
            if (!signal.aborted)
              deps.log.error("a service could not be looked at", {
                service,
                problem: asProblem(thrown).toJSON(),
              });
          });
      },
      () => {},
    );
  }

  async #look(service: string): Promise<void> {
    const { deps, signal, states } = this.#engine;
    if (signal.aborted) return;
    const look = await states.look(service, "repair", deps.clock.now(), signal);
    if (!look) return;
    await this.#report(look);
    if (look.plan.wakeAtMs !== undefined)
      this.lookSoon(service, Math.max(0, look.plan.wakeAtMs - deps.clock.now()));
    if (look.plan.steps.length > 0) await this.#engine.repair(service);
  }

  /** Only what changed since the last look is an event, and only if it is drift, or the end of it: the rest was asked for. */
  async #report({ goal, observation, record }: Look): Promise<void> {
    for (const component of goal.components) {
      const judgement = judge(component, observation);
      const key = `${record.name}/${component.name}`;
      const state = describe(component.name, judgement);
      const hasDrifted = judgement.drift.length > 0;
      const before = this.#lastSeen.get(key);
      this.#lastSeen.set(key, { state, hasDrifted });
      if (before?.state === state || !(hasDrifted || before?.hasDrifted)) continue;
      await this.#engine.journal.write({
        service: record.name,
        component: component.name,
        kind: "observed",
        text: state,
      });
    }
  }

  async #serviceOf(instance: string, known: KnownRuntime): Promise<string | undefined> {
    // Instance names say nothing of their service; the labels do, and the registry for those that are gone.
    const recorded = await this.#engine.deps.registry.instance(instance);
    if (recorded) return recorded.service;
    const workload: Workload | undefined = await known.runtime
      .inspect(instance, this.#engine.signal)
      .catch(() => undefined);
    return workload?.labels.service;
  }
}

function describe(component: string, { observed, drift, instance }: Judgement): string {
  const subject = instance ?? component;
  const why = drift.map(({ text }) => text).join(", ");
  return why === "" ? `${subject} is ${observed}` : `${subject} is ${observed}: ${why}`;
}
