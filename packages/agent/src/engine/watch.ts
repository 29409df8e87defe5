import { asProblem, backoffMs } from "@mcp/base";
import type { ServiceRecord } from "@mcp/registry";
import type { Workload } from "@mcp/runtime";
import { watchedOf } from "../health/watched.ts";
import { AtRest } from "./at-rest.ts";
import type { Engine } from "./engine.ts";
import type { KnownRuntime } from "./known-runtime.ts";
import { noteWhatHappened } from "./note-what-happened.ts";
import { findRuntimeTrouble, usedRuntimes } from "./runtime-conditions.ts";
import { ServiceReport } from "./service-report.ts";

/**
 * Events come in bursts (cleaned up, removed): one look is enough for all of them. What has ended is looked at without it,
 * since podman restarts it in half the time if it is asked before it begins to clean up.
 */
const debounceMs = 15;
const resubscribe = { firstMs: 200, maxMs: 10_000 };

/**
 * Notices what changes by itself: subscribes to every runtime, looks at a service when something of it moved, and at all
 * of them once every interval in case an event was lost. What it sees goes to the journal; what must be done about it
 * becomes an operation like any other.
 */
export class Watch {
  readonly #engine: Engine;
  readonly #report: ServiceReport;
  readonly #atRest: AtRest;
  readonly #timers = new Map<string, { atMs: number; cancel: AbortController }>();
  /** Services of which something is kept, since they were there when they were looked at last. */
  readonly #known = new Set<string>();
  /** Services with a look that waits in their lane: one is enough. */
  readonly #waiting = new Set<string>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#report = new ServiceReport(engine);
    this.#atRest = new AtRest(engine.runtimes, engine.health);
  }

  /** Runs until the engine ends. */
  async run(): Promise<void> {
    const { signal, health, boot, feed } = this.#engine;
    boot.wanted.subscribe((service) => this.lookSoon(service, 0));
    // What it has changed may be no runtime's business, as a health check is.
    feed.ended.subscribe((service) => this.lookSoon(service, 0));
    health.changes.subscribe(({ service, isTurn }) => {
      if (isTurn) this.lookSoon(service, 0);
    });
    await Promise.all([
      ...this.#engine.runtimes.all.map((known) => this.#subscribe(known)),
      this.#tick(),
    ]).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown;
    });
  }

  async #subscribe(known: KnownRuntime): Promise<void> {
    const { deps, signal, journal, runtimes } = this.#engine;
    let attempt = 0;
    let isLost = false;
    const say = (kind: "runtime_lost" | "runtime_back", text: string): Promise<void> =>
      journal.write({ service: "", kind, text: `${known.name}: ${text}` });
    while (!signal.aborted) {
      const beganMs = deps.clock.monotonic();
      const heard = this.#hear(known);
      void this.#awaken(known);
      await heard;
      if (signal.aborted) return;
      if (deps.clock.monotonic() - beganMs > resubscribe.maxMs) attempt = 0;
      if (!isLost) await say("runtime_lost", "its events were lost");
      isLost = true;
      await deps.clock.sleep(backoffMs(resubscribe, ++attempt, deps.random()), signal).catch(() => {});
      if (signal.aborted) return;
      await runtimes.refresh(known, signal);
      if (!known.trouble) {
        await say("runtime_back", "it answers again");
        isLost = false;
      }
      // What happened in between was not heard.
      await this.#timedPass();
    }
  }

  /**
   * A backend may look after its workloads only once it has seen them (their consoles, their ends), so each is listed as
   * soon as it is heard, whether or not any service has something in it.
   */
  async #awaken(known: KnownRuntime): Promise<void> {
    await known.list().catch((thrown: unknown) =>
      // Its trouble is told by whoever needs it.
      this.#engine.deps.log.debug("a runtime could not be listed", {
        runtime: known.name,
        problem: asProblem(thrown).toJSON(),
      }),
    );
  }

  /** Until the stream of events ends, as it does when its runtime does. */
  async #hear(known: KnownRuntime): Promise<void> {
    const { deps, signal, runtimeEvents } = this.#engine;
    try {
      for await (const event of known.runtime.events(signal)) {
        runtimeEvents.send(event);
        const service = await this.#serviceOf(event.name, known);
        if (service !== undefined) this.lookSoon(service, event.what === "exited" ? 0 : debounceMs);
      }
    } catch (thrown) {
      if (signal.aborted) return;
      deps.log.warn("the events of a runtime were lost", {
        runtime: known.name,
        problem: asProblem(thrown).toJSON(),
      });
    }
  }

  async #tick(): Promise<void> {
    const { deps, signal } = this.#engine;
    while (!signal.aborted) {
      await deps.clock.sleep(deps.intervalMs, signal).catch(() => {});
      if (signal.aborted) return;
      await this.#timedPass();
    }
  }

  #timedPass(): Promise<void> {
    return this.#engine.metrics.time(
      "mcp_pass_duration_seconds",
      () => ({}),
      () => this.pass(),
    );
  }

  /** Over all services: ask the runtimes that they use, and look closely at those that are not at rest. */
  async pass(): Promise<void> {
    const { deps, signal } = this.#engine;
    try {
      const services = await deps.registry.services();
      // Side by side: where one runtime is slow to answer, the services of the others do not wait for it.
      const groups = Map.groupBy(services, (service) => kindsOf(service).join());
      await Promise.all([...groups.values()].map((group) => this.#passOver(group)));
      this.#lookForGone(services);
      await findRuntimeTrouble(this.#engine, services);
    } catch (cause) {
      if (!signal.aborted) deps.log.error("the services could not be passed over", { cause });
    }
  }

  async #passOver(services: readonly ServiceRecord[]): Promise<void> {
    const engine = this.#engine;
    const used = usedRuntimes(engine, services);
    await Promise.all(used.map((known) => engine.runtimes.refresh(known, engine.signal)));
    for (const name of await this.#atRest.restless(services)) this.lookSoon(name, 0);
    for (const { name } of services) if (engine.isBusy(name) || engine.owes(name)) this.lookSoon(name, 0);
  }

  /** The last event of what was undeployed may come when nobody knows any more whose it was, or never. */
  #lookForGone(services: readonly ServiceRecord[]): void {
    const there = new Set(services.map(({ name }) => name));
    for (const name of this.#known) if (!there.has(name)) this.lookSoon(name, 0);
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
    const stop = (): void => cancel.abort();
    signal.addEventListener("abort", stop, { once: true });
    deps.clock
      .sleep(afterMs, cancel.signal)
      .then(
        () => {
          this.#timers.delete(service);
          this.#lookInLane(service);
        },
        () => {},
      )
      .finally(() => signal.removeEventListener("abort", stop));
  }

  #lookInLane(service: string): void {
    if (this.#waiting.has(service)) return;
    this.#waiting.add(service);
    const { deps, signal } = this.#engine;
    const look = (): Promise<void> => {
      this.#waiting.delete(service);
      return this.#look(service);
    };
    this.#engine.inLane(service, look).catch((thrown: unknown) => {
      if (signal.aborted) return;
      const problem = asProblem(thrown);
      const cause = problem.code === "internal" ? { cause: problem.cause } : {};
      deps.log.error("a service could not be looked at", { service, problem: problem.toJSON(), ...cause });
    });
  }

  async #look(service: string): Promise<void> {
    const { deps, signal, states, runtimes, health, pauses, boot } = this.#engine;
    if (signal.aborted) return;
    await this.#engine.settle(service);
    const look = await states.look(service, "repair", deps.clock.now(), signal);
    if (!look) {
      this.#known.delete(service);
      this.#atRest.forget(service);
      health.keep(service, []);
      pauses.clear(service);
      boot.forget(service);
      this.#report.forget(service);
      return;
    }
    this.#known.add(service);
    const { watched, unseen } = watchedOf(look, runtimes);
    health.keep(service, watched, unseen);
    await noteWhatHappened(look, deps.registry, deps.clock.now());
    const { steps, blocked, wakeAtMs } = look.plan;
    const isConverged = steps.length + blocked.length === 0 && wakeAtMs === undefined;
    const easedInMs = isConverged ? pauses.ease(service) : undefined;
    if (easedInMs !== undefined) this.lookSoon(service, easedInMs);
    const wakes = [wakeAtMs, await this.#report.tell(look)].filter((atMs) => atMs !== undefined);
    for (const atMs of wakes) this.lookSoon(service, Math.max(0, atMs - deps.clock.now()));
    if (steps.length + blocked.length + wakes.length === 0) this.#atRest.keep(look);
    else this.#atRest.forget(service);
    boot.seen(look);
    // What is held back until its turn comes is only observed.
    if (steps.length === 0 || !boot.mayRepair(service)) return;
    // What failed as a whole lately is not tried again yet.
    const pauseMs = pauses.leftMs(service);
    if (pauseMs > 0) return this.lookSoon(service, pauseMs);
    // What failed must be told, and has a time at which it is tried again.
    if ((await this.#engine.repair(service)) === "failed") this.lookSoon(service, 0);
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

const kindsOf = ({ instances }: ServiceRecord): string[] =>
  [...new Set(instances.map(({ kind }) => kind))].sort();
