import { asProblem, Lanes, limiter, Problem } from "@mcp/base";
import type { OperationRecord } from "@mcp/registry";
import type { RuntimeEvent } from "@mcp/runtime";
import { Boot } from "../boot/boot.ts";
import type { Deps } from "../deps.ts";
import { HealthMonitor } from "../health/monitor.ts";
import { Metrics } from "../metrics/metrics.ts";
import { timedRuntime } from "../metrics/timed-runtime.ts";
import { type IntentDeps, intend } from "../operations/intents.ts";
import { type OperationRequest, requestOf } from "../operations/request.ts";
import { Broadcast } from "./broadcast.ts";
import { Conditions } from "./conditions.ts";
import { converge } from "./convergence.ts";
import { Journal } from "./journal.ts";
import { isFinished, OperationFeed } from "./operation-feed.ts";
import { RepairPauses } from "./repair-pauses.ts";
import { Runtimes } from "./runtimes.ts";
import { ServiceStates } from "./service-state.ts";

/** Steps that act on one runtime at the same time, over all services: podman gains nothing beyond this. */
const stepsAtOnce = 10;
const pullsAtOnce = 3;

/** Runs operations, one at a time per service. Everything that changes the world goes through here. */
export class Engine {
  readonly deps: Deps;
  readonly runtimes: Runtimes;
  readonly states: ServiceStates;
  readonly feed: OperationFeed;
  readonly journal: Journal;
  readonly metrics: Metrics;
  /** What is wrong at present. */
  readonly conditions = new Conditions();
  /** What the runtimes say, of all of them. */
  readonly runtimeEvents = new Broadcast<RuntimeEvent>();
  /** How what has a health check is. */
  readonly health: HealthMonitor;
  /** Before what could not be put right is tried again. */
  readonly pauses: RepairPauses;
  /** What the machine's boot cut off, and holds back. */
  readonly boot: Boot;
  readonly #lanes = new Lanes();
  /** By runtime, so that one that hangs holds up only what it runs itself. */
  readonly #limits = new Map<string, ReturnType<typeof limiter>>();
  readonly #limitPulls = limiter(pullsAtOnce);
  /** By service: how operations ended that could not be written down, on a full disk say. */
  readonly #owed = new Map<string, (() => Promise<void>)[]>();
  readonly #stopping = new AbortController();
  #isDraining = false;

  constructor(deps: Deps) {
    this.deps = deps;
    this.metrics = new Metrics(deps.clock);
    const timed = deps.runtimes.map(({ name, runtime }) => ({
      name,
      runtime: timedRuntime(runtime, name, this.metrics),
    }));
    this.runtimes = new Runtimes(timed, deps.registry, deps.clock, deps.log);
    this.health = new HealthMonitor(deps.clock, deps.random, deps.log);
    this.pauses = new RepairPauses(deps.clock, deps.random);
    this.boot = new Boot(deps);
    this.states = new ServiceStates(
      deps.registry,
      this.runtimes,
      deps.images,
      deps.random,
      this.health,
      this.pauses,
      this.metrics,
      this.boot,
    );
    this.feed = new OperationFeed(deps.registry);
    this.journal = new Journal(deps.registry, deps.log, this.metrics);
  }

  /** Aborts when the agent ends. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /**
   * Record an operation and put it in its service's lane. It goes on whether or not anybody follows it. The same
   * `requestId` meets the operation that was asked for first.
   */
  async submit(requestId: string, service: string, request: OperationRequest): Promise<OperationRecord> {
    if (this.#isDraining) throw draining();
    const { operation, isNew } = await this.deps.registry.addOperation({
      id: newId(this.deps.random),
      requestId,
      service,
      kind: request.kind,
      request,
    });
    if (isNew) this.enqueue(operation);
    return operation;
  }

  /** Also for what an earlier life of this agent left unfinished. */
  enqueue(operation: OperationRecord): void {
    if (operation.kind !== "repair") this.boot.ask(operation.service);
    void this.#lanes
      .run(operation.service, () => this.#run(operation.id))
      .catch((cause: unknown) =>
        this.deps.log.error("an operation could not be run", { operation: operation.id, cause }),
      );
  }

  /** Put a service right, from inside its lane; `pauses` says when it may be tried again if that fails. */
  async repair(service: string): Promise<"succeeded" | "failed" | "draining"> {
    if (this.#isDraining) return "draining";
    const id = newId(this.deps.random);
    const { operation } = await this.deps.registry.addOperation({
      id,
      requestId: id,
      service,
      kind: "repair",
      request: { kind: "repair" } satisfies OperationRequest,
    });
    const isUndoing = (await this.deps.registry.service(service))?.candidate !== undefined;
    await this.#run(operation.id);
    const ended = await this.deps.registry.operation(operation.id);
    if (ended) this.pauses.note(ended, isUndoing);
    return ended?.state === "succeeded" ? "succeeded" : "failed";
  }

  /**
   * Write down how earlier operations of a service ended, where that was not possible then; from inside its lane, before
   * anything else is done for it.
   */
  async settle(service: string): Promise<void> {
    for (const end of this.#owed.get(service) ?? []) await end();
    this.#owed.delete(service);
  }

  /** Whether the end of an operation of that service is still to be written down. */
  owes(service: string): boolean {
    return this.#owed.has(service);
  }

  /** Something else that must not run beside an operation of that service. */
  inLane<T>(service: string, work: () => Promise<T>): Promise<T> {
    return this.#lanes.run(service, work);
  }

  isBusy(service: string): boolean {
    return this.#lanes.isBusy(service);
  }

  /** Take no more, and let what runs end for at most `withinMs`; the rest is finished by the next agent. */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true;
    const waiting = new AbortController();
    await Promise.race([this.#lanes.idle(), this.deps.clock.sleep(withinMs, waiting.signal).catch(() => {})]);
    waiting.abort();
  }

  /** End at once, wherever things are. Nothing is lost: the next agent reads how far it came. */
  halt(): void {
    this.#isDraining = true;
    this.#stopping.abort(draining());
    this.feed.close();
    this.journal.close();
    this.runtimeEvents.close();
    this.health.close();
  }

  async #run(id: string): Promise<void> {
    const { registry } = this.deps;
    let operation = await registry.operation(id);
    // Left for the next agent.
    if (!operation || isFinished(operation) || this.signal.aborted) return;
    try {
      await this.settle(operation.service);
      if (operation.kind !== "repair") this.pauses.clear(operation.service);
      if (operation.state === "queued") operation = await this.#change(id, { state: "running" });
      await this.#faultPoint("running");
      const request = requestOf(operation);
      if (operation.state === "running") await intend(operation, request, this.#intentDeps(operation));
      await this.#faultPoint("intended");
      operation = (await registry.operation(id)) ?? operation;
      this.feed.publish(id, { type: "operation", operation });
      await converge(operation, {
        ...this.deps,
        states: this.states,
        runtimes: this.runtimes,
        feed: this.feed,
        journal: this.journal,
        events: this.runtimeEvents,
        health: this.health,
        limit: (runtime, work) => this.#limitOf(runtime)(work),
        limitPulls: this.#limitPulls,
        signal: this.signal,
        faultPoint: (where) => this.#faultPoint(where),
      });
      await this.#faultPoint("converged");
      if (request.kind === "restart") await this.#forgetRestart(operation.service);
      await this.#change(id, { state: "succeeded", finishedAtMs: this.deps.clock.now() });
    } catch (thrown) {
      // The agent ends: the operation is not over, the next agent goes on with it.
      if (this.signal.aborted) return;
      await this.#fail(operation, thrown);
    }
  }

  async #fail(operation: OperationRecord, thrown: unknown): Promise<void> {
    const problem = asProblem(thrown);
    if (problem.code === "internal")
      this.deps.log.error("an operation met a bug", {
        operation: operation.id,
        cause: problem.cause ?? thrown,
      });
    const kind = operation.kind === "repair" ? "repair_failed" : "operation_failed";
    const text = `${operation.service}: ${operation.kind} failed: ${problem.message}`;
    await this.journal.write({ service: operation.service, kind, text });
    const end = (): Promise<void> => this.#recordFailure(operation, problem);
    try {
      await end();
    } catch (cause) {
      // Not even that can be written: tell who waits, and write it before anything else is done for this service.
      this.#owed.set(operation.service, [...(this.#owed.get(operation.service) ?? []), end]);
      this.deps.log.error("the end of an operation could not be recorded", {
        operation: operation.id,
        cause,
      });
      const failed: OperationRecord = { ...operation, state: "failed", problem: problem.toJSON() };
      this.feed.publish(operation.id, { type: "operation", operation: failed });
    }
  }

  /** What it tried is not tried any further: the next look undoes it. */
  async #recordFailure(operation: OperationRecord, problem: Problem): Promise<void> {
    const { registry, clock } = this.deps;
    const { candidate } = (await registry.service(operation.service)) ?? {};
    const now = (await registry.operation(operation.id)) ?? operation;
    if (candidate?.state === "trying" && candidate.revision === now.revision)
      await registry.reject(operation.service);
    if (operation.kind === "restart") await this.#forgetRestart(operation.service);
    const finishedAtMs = clock.now();
    await this.#change(operation.id, { state: "failed", finishedAtMs, problem: problem.toJSON() });
  }

  async #forgetRestart(service: string): Promise<void> {
    const record = await this.deps.registry.service(service);
    const components = record?.components.map(({ name }) => name) ?? [];
    if (components.length > 0) await this.deps.registry.requestRestart(service, components, 0);
  }

  async #change(
    id: string,
    change: Parameters<Deps["registry"]["setOperation"]>[1],
  ): Promise<OperationRecord> {
    await this.deps.registry.setOperation(id, change);
    const operation = (await this.deps.registry.operation(id)) as OperationRecord;
    this.metrics.operation(operation);
    this.feed.publish(id, { type: "operation", operation });
    return operation;
  }

  #limitOf(runtime: string): ReturnType<typeof limiter> {
    const known = this.#limits.get(runtime);
    if (known) return known;
    const made = limiter(stepsAtOnce);
    this.#limits.set(runtime, made);
    return made;
  }

  #intentDeps({ id }: OperationRecord): IntentDeps {
    const { registry, images, node, allowedVolumes, hostPorts, clock, network } = this.deps;
    return {
      registry,
      states: this.states,
      runtimes: this.runtimes,
      node,
      allowedVolumes,
      hostPorts,
      clock,
      network,
      signal: this.signal,
      resolve: (reference) => images.resolve(reference, this.signal),
      note: (notes) => registry.setOperation(id, { notes: [...new Set(notes)] }),
    };
  }

  async #faultPoint(where: string): Promise<void> {
    await this.deps.faultPoint?.(where);
  }
}

const newId = (random: () => number): string =>
  Array.from({ length: 16 }, () => Math.floor(random() * 32).toString(32)).join("");

const draining = (): Problem =>
  new Problem("draining", "the agent is shutting down and takes no more work", "try again in a moment");
