import { Problem } from "@mcp/base";
import type { OperationRecord } from "@mcp/registry";
import { runtimeKinds } from "@mcp/runtime";
import { Alerter } from "./alerts/index.ts";
import { BootSequence } from "./boot/sequence.ts";
import type { Deps } from "./deps.ts";
import { Engine } from "./engine/engine.ts";
import { isFinished } from "./engine/operation-feed.ts";
import { watchRuntimes } from "./engine/runtime-conditions.ts";
import { Watch } from "./engine/watch.ts";
import { NetworkWatch } from "./node/network-watch.ts";
import { NodeWatch } from "./node/node-watch.ts";
import { Operations } from "./operations/operations.ts";

/** How long running operations may take to end by themselves when the agent is asked to stop. */
const drainMs = 10_000;
/** The registry is kept small: events, finished operations and old revisions are dropped beyond these. */
const retention = {
  maxEvents: 1_000_000,
  maxEventAgeMs: 30 * 86_400_000,
  maxOperationsPerService: 200,
  maxRevisionsPerService: 50,
};
const retentionEveryMs = 3_600_000;
/** Also of an agent that never lives for an hour. */
const firstRetentionMs = 60_000;

/**
 * One node's agent, without its transport. `apps/agent` gives it real runtimes and a server; tests give it fakes and
 * talk to it through an in-memory transport.
 *
 * @example const agent = new Agent(deps); await agent.start(); ... await agent.stop();
 */
export class Agent {
  readonly deps: Deps;
  readonly engine: Engine;
  readonly operations: Operations;
  readonly alerter: Alerter;
  readonly bootSequence: BootSequence;
  readonly node: NodeWatch;
  readonly startedAtMs: number;
  #watching: Promise<void> | undefined;
  #booting: Promise<void> | undefined;
  #watchingNode: Promise<unknown> | undefined;
  #retaining: Promise<void> | undefined;
  #alerting: Promise<void> | undefined;

  constructor(deps: Deps) {
    this.deps = deps;
    this.engine = new Engine(deps);
    this.operations = new Operations(this.engine);
    this.alerter = new Alerter(this.engine, deps.alerts);
    this.bootSequence = new BootSequence(this.engine, this.operations);
    this.node = new NodeWatch(this.engine);
    this.startedAtMs = deps.clock.now();
  }

  /**
   * Queue what an earlier life left unfinished, ahead of anything that is asked from now on, and begin to watch. Nothing is
   * asked of a runtime before this returns; what has to be started again is started in the background.
   */
  async start(): Promise<void> {
    const { engine, deps } = this;
    await engine.boot.begin();
    await this.#recover();
    await this.#resume();
    await engine.journal.write({ service: "", kind: "agent_started", text: `agent ${deps.version} started` });
    watchRuntimes(engine);
    this.#alerting = this.alerter.run();
    const watch = new Watch(engine);
    for (const { name } of await deps.registry.services()) watch.lookSoon(name, 0);
    this.#watching = watch.run();
    this.#booting = this.bootSequence.run();
    this.#watchingNode = Promise.all([this.node.run(), new NetworkWatch(this.engine).run()]);
    this.#retaining = this.#retain();
  }

  /** Let running operations end, then stop. Workloads go on. */
  async stop(): Promise<void> {
    await this.engine.boot.goDown();
    await this.engine.drain(drainMs);
    await this.engine.journal.write({ service: "", kind: "agent_stopped", text: "agent stopped" });
    this.engine.halt();
    await Promise.all([this.#watching, this.#booting, this.#watchingNode, this.#retaining, this.#alerting]);
  }

  /** Each backend is to be told of what it started in an earlier life, and does not show by itself, before that is missing. */
  async #recover(): Promise<void> {
    for (const { instances } of await this.deps.registry.services())
      for (const { name, handle } of instances) {
        const kind = runtimeKinds.find((known) => known === handle?.kind);
        if (handle && kind) this.engine.runtimes.forKind(kind)?.mustRecover(name, { ...handle, kind });
      }
  }

  /**
   * Unfinished operations go on, oldest first. One that a later operation of its service has overtaken, since its end could
   * not be written down, must not be done again over that one.
   */
  async #resume(): Promise<void> {
    const { registry, clock } = this.deps;
    const unfinished = await registry.operations({ limit: 10_000, unfinished: true });
    for (const operation of unfinished) {
      const { id, service, createdAtMs } = operation;
      const later = await registry.operations({ service, limit: 50 });
      const overtaken = later.some(
        (other) => isFinished(other) && other.kind !== "repair" && other.createdAtMs > createdAtMs,
      );
      // A repair that was under way when the machine went down waits for its turn as the others do.
      const isHeld = operation.kind === "repair" && !this.engine.boot.mayRepair(service);
      if (overtaken || isHeld) {
        if (operation.kind === "restart") await this.#takeBack(operation);
        const problem = superseded(operation.kind, service).toJSON();
        await registry.setOperation(id, { state: "failed", finishedAtMs: clock.now(), problem });
      } else this.engine.enqueue(operation);
    }
  }

  /** What is left of a restart would be obeyed still, by whatever comes next. */
  async #takeBack({ service, createdAtMs }: OperationRecord): Promise<void> {
    const { components = [] } = (await this.deps.registry.service(service)) ?? {};
    const left = components.filter(({ restartBeforeMs }) => restartBeforeMs === createdAtMs);
    if (left.length === 0) return;
    await this.deps.registry.requestRestart(
      service,
      left.map(({ name }) => name),
      0,
    );
  }

  async #retain(): Promise<void> {
    const { deps, engine } = this;
    const limits = { ...retention, ...deps.eventLimits };
    for (let waitMs = firstRetentionMs; !engine.signal.aborted; waitMs = retentionEveryMs) {
      await deps.clock.sleep(waitMs, engine.signal).catch(() => {});
      if (engine.signal.aborted) return;
      await deps.registry.prune(limits).catch((cause: unknown) => {
        deps.log.error("old records could not be dropped", { cause });
      });
    }
  }
}

const superseded = (kind: string, service: string): Problem =>
  new Problem(
    "superseded",
    `this ${kind} of ${service} was left unfinished, and a later operation has taken its place`,
    `see how things stand: mcp status ${service}`,
  );

/** For requests that this version answers with `unimplemented`. */
export const notBuiltYet = (what: string): Problem =>
  new Problem("not_yet_supported", `${what} is not built yet`, "a later version of the agent will have it");
