import { uptime } from "node:os";
import { asProblem } from "@mcp/base";
import { bootId as kernelBootId } from "@mcp/host";
import { mayRecover, type ServiceGoal, type StageState } from "@mcp/planner";
import type { Deps } from "../deps.ts";
import { Broadcast } from "../engine/broadcast.ts";
import type { Look } from "../engine/service-state.ts";
import { type BootRecord, loadBootRecord, saveBootRecord } from "./record.ts";
import type { ConfiguredStage } from "./stage.ts";
import { findUnwell } from "./unwell.ts";

const nothingKnown: BootRecord = { v: 1, bootId: "", progress: {}, isDone: true, asked: [], cutOff: {} };

/** What the engine has to know of the machine's boot: what it cut off, and what must wait for its turn after it. */
export class Boot {
  readonly stages: readonly ConfiguredStage[];
  /** A service that should be looked at now. */
  readonly wanted = new Broadcast<string>();
  /** Sent when a service is seen to be otherwise than before. */
  readonly changes = new Broadcast<void>();
  readonly #deps: Deps;
  readonly #uptimeMs: () => number;
  /** By service: what of it is not well. */
  readonly #unwell = new Map<string, readonly string[]>();
  #record = nothingKnown;
  #saving: Promise<void> = Promise.resolve();

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#uptimeMs = deps.uptimeMs ?? (() => uptime() * 1_000);
    this.stages = deps.boot ?? [];
  }

  /** Read which boot this is. Where that cannot be known nothing is held, as on a node without a boot sequence. */
  async begin(): Promise<void> {
    const { registry, log, bootId = kernelBootId } = this.#deps;
    try {
      this.#record = await loadBootRecord(registry, await bootId(), this.stages.length > 0);
      await this.#save();
    } catch (thrown) {
      log.error("which boot of the machine this is cannot be known", { problem: asProblem(thrown).toJSON() });
    }
  }

  /** The agent is asked to end, perhaps since the machine goes down: what ends from here on may end for that. */
  async goDown(): Promise<void> {
    // Without a boot that is known, the next agent would take its own for another one.
    if (this.#record.bootId === "") return;
    this.#record = { ...this.#record, stoppedAtMs: this.#deps.clock.now() };
    await this.#save();
  }

  get record(): BootRecord {
    return this.#record;
  }

  /** Whether it may be put right without anybody asking for it. */
  mayRepair(service: string): boolean {
    const { isDone, asked, progress } = this.#record;
    return isDone || asked.includes(service) || mayRecover(this.stages, progress, service);
  }

  /** Somebody acts on it: it waits for nothing any more. */
  ask(service: string): void {
    if (this.mayRepair(service)) return;
    this.#record = { ...this.#record, asked: [...this.#record.asked, service] };
    void this.#save();
  }

  /** The goal, with what the end of an earlier boot cut off and nobody has started since. */
  mark(goal: ServiceGoal): ServiceGoal {
    const { cutOff, shutDownAtMs } = this.#record;
    const wasCutOff = shutDownAtMs === undefined ? {} : { shutDownAtMs };
    const isCutOff = (name: string, startedAtMs?: number): boolean =>
      startedAtMs !== undefined && cutOff[name] === startedAtMs;
    const any = goal.components.some(({ instances }) =>
      instances.some(({ name, startedAtMs }) => isCutOff(name, startedAtMs)),
    );
    if (!any) return goal;
    return {
      ...goal,
      components: goal.components.map((component) => ({
        ...component,
        instances: component.instances.map((instance) =>
          isCutOff(instance.name, instance.startedAtMs) ? { ...instance, wasCutOff } : instance,
        ),
      })),
    };
  }

  /** What a look has found, of any service. */
  seen(look: Look): void {
    if (this.stages.length === 0) return;
    const unwell = findUnwell(look, this.#deps.clock.now());
    const before = this.#unwell.get(look.record.name);
    this.#unwell.set(look.record.name, unwell);
    if (before?.join() !== unwell.join()) this.changes.send();
  }

  /** There is no such service any more. */
  forget(service: string): void {
    if (this.#unwell.delete(service)) this.changes.send();
  }

  /** What of a service is not well; undefined: nobody has looked yet. */
  unwellOf(service: string): readonly string[] | undefined {
    return this.#unwell.get(service);
  }

  /** For how long a stage has been under way, in ms, over all lives of the agent; undefined: it begins now. */
  underWayMs(stage: string): number | undefined {
    const { begun } = this.#record;
    return begun?.stage === stage ? this.#uptimeMs() - begun.uptimeMs : undefined;
  }

  async keepBegin(stage: string): Promise<void> {
    this.#record = { ...this.#record, begun: { stage, uptimeMs: this.#uptimeMs() } };
    await this.#save();
  }

  /** A stage has come so far. What that lets go is looked at. */
  async enter(stage: string, state: StageState): Promise<void> {
    await this.#letGo({ ...this.#record, progress: { ...this.#record.progress, [stage]: state } });
  }

  async finish(): Promise<void> {
    await this.#letGo({ ...this.#record, isDone: true });
  }

  /** Kept first: what was let go once must not be held by the next agent. */
  async #letGo(record: BootRecord): Promise<void> {
    const services = await this.#deps.registry.services();
    const held = services.filter(({ name }) => !this.mayRepair(name));
    this.#record = { ...record, asked: this.#record.asked };
    await this.#save();
    for (const { name } of held) if (this.mayRepair(name)) this.wanted.send(name);
  }

  /** One after the other, so that the last one stays. A disk that is full must not stop what goes on. */
  #save(): Promise<void> {
    const { registry, log } = this.#deps;
    this.#saving = this.#saving
      .then(() => saveBootRecord(registry, this.#record))
      .catch((cause: unknown) => log.warn("how far the boot came could not be kept", { cause }));
    return this.#saving;
  }
}
