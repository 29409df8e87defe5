import { asProblem, type Backoff, backoffMs } from "@mcp/base";
import { type Condition, currentStage, nextStageState, type StageState } from "@mcp/planner";
import type { Engine } from "../engine/engine.ts";
import { WakeableWait } from "../engine/wakeable-wait.ts";
import type { Operations } from "../operations/operations.ts";
import type { Boot } from "./boot.ts";
import type { ConfiguredStage } from "./stage.ts";
import { StageDeploys } from "./stage-deploys.ts";
import { askStage } from "./stage-health.ts";
import { type BootReport, stageCondition, stageText } from "./telling.ts";

/** Between two looks at a stage, if nothing is heard in between. */
const pauses: Backoff = { firstMs: 250, maxMs: 10_000 };
/** Of the node's own events: an end that was told and not kept is by the agent before, and so among these. */
const newestLookedAt = 200;

/**
 * Lets services go stage by stage after a boot of the machine. It only says what may be repaired now: the watch does the
 * rest, as at any other time. A stage that was given up is watched until it is well, also by later agents.
 */
export class BootSequence {
  readonly #engine: Engine;
  readonly #boot: Boot;
  readonly #deploys: StageDeploys;
  /** By stage: what it waits for, as it was found last. */
  readonly #waitingFor = new Map<string, readonly string[]>();
  /** When the stage that is under way began, by the clock that cannot jump; before this life of the agent it is negative. */
  #beganMs = 0;
  /** Index of the stage that is under way. */
  #current: number | undefined;
  #attempt = 0;
  readonly #pause = new WakeableWait();

  constructor(engine: Engine, operations: Operations) {
    this.#engine = engine;
    this.#boot = engine.boot;
    this.#deploys = new StageDeploys(engine, operations);
  }

  /** Absent where there is no sequence, or none any more. */
  get report(): BootReport | undefined {
    const { stages, record } = this.#boot;
    const index = record.isDone ? undefined : currentStage(stages, record.progress);
    const stage = stages[index ?? -1];
    if (index === undefined || !stage) return undefined;
    return {
      stage: stage.name,
      number: index + 1,
      stages: stages.length,
      waitingFor: this.#waitingFor.get(stage.name) ?? [],
      isLate: record.progress[stage.name] === "late",
    };
  }

  /** The stages that did not come in time and are not well yet, for people. */
  givenUp(): string[] {
    const { stages, record } = this.#boot;
    return stages.flatMap(({ name }) => {
      if (record.progress[name] !== "gave-up") return [];
      const waitingFor = this.#waitingFor.get(name)?.join(", ");
      return [`boot stage "${name}" was given up${waitingFor ? `: it waits for ${waitingFor}` : ""}`];
    });
  }

  /** Until every stage has passed, or the engine ends. */
  async run(): Promise<void> {
    const { signal, deps } = this.#engine;
    const unsubscribe = this.#boot.changes.subscribe(() => {
      this.#attempt = 0;
      this.#pause.wake();
    });
    try {
      while (!signal.aborted) {
        const isOver = await this.#turn().catch((thrown: unknown) => {
          const problem = asProblem(thrown);
          if (!signal.aborted)
            deps.log.error("the boot sequence met a problem", { problem: problem.toJSON() });
          return false;
        });
        if (isOver || signal.aborted) return;
        await this.#pause.wait(deps.clock, this.#pauseMs(), signal);
      }
    } finally {
      unsubscribe();
    }
  }

  /** Look at what has begun and has not passed. @returns whether nothing is left to do. */
  async #turn(): Promise<boolean> {
    const { stages } = this.#boot;
    await this.#begin();
    for (const stage of stages) {
      const state = this.#stateOf(stage);
      const hasBegun = state !== undefined || stages[this.#current ?? -1] === stage;
      if (!hasBegun || state === "passed") continue;
      const waitingFor = await this.#look(stage);
      if (this.#engine.signal.aborted) return true;
      this.#waitingFor.set(stage.name, waitingFor);
      const elapsedMs = this.#engine.deps.clock.monotonic() - this.#beganMs;
      const next = nextStageState(stage, state, { waitingFor, elapsedMs });
      if (next) await this.#enter(stage, next, waitingFor);
    }
    this.#tellConditions();
    // The next stage begins without a pause.
    if (this.#current !== this.#findCurrent()) return this.#turn();
    return (
      this.#current === undefined && stages.every((stage) => (this.#stateOf(stage) ?? "passed") === "passed")
    );
  }

  #stateOf({ name }: ConfiguredStage): StageState | undefined {
    return this.#boot.record.progress[name];
  }

  /** Once the sequence is done it stays so, whatever stages the config has since. */
  #findCurrent(): number | undefined {
    const { stages, record } = this.#boot;
    return record.isDone ? undefined : currentStage(stages, record.progress);
  }

  /** The next stage, if it is another one than before. */
  async #begin(): Promise<void> {
    const { journal, deps } = this.#engine;
    const { stages, record } = this.#boot;
    const current = this.#findCurrent();
    if (current === undefined) {
      this.#current = undefined;
      if (record.isDone) return;
      const late = stages.filter((stage) => this.#stateOf(stage) !== "passed").map(({ name }) => name);
      const text = late.length === 0 ? "every stage passed" : `given up for now: ${late.join(", ")}`;
      // Told first: an agent that is killed in between leaves the end to the next one, which sees whether it was told.
      if (!(await this.#isEndTold())) {
        const data = { bootId: record.bootId };
        await journal.write({
          service: "",
          kind: "boot_done",
          text: `the boot sequence is done; ${text}`,
          data,
        });
      }
      return this.#boot.finish();
    }
    if (this.#current === current) return;
    this.#current = current;
    this.#attempt = 0;
    const { name = "" } = stages[current] ?? {};
    const underWayMs = this.#boot.underWayMs(name);
    this.#beganMs = deps.clock.monotonic() - (underWayMs ?? 0);
    if (underWayMs !== undefined) return;
    await this.#tell(current, "began", `${stageText(stages, current)} began`);
    await this.#boot.keepBegin(name);
  }

  async #isEndTold(): Promise<boolean> {
    const { deps, boot } = this.#engine;
    const newest = await deps.registry
      .events({ service: "", newest: true, limit: newestLookedAt })
      .catch(() => []);
    return newest.some(
      ({ kind, data }) =>
        kind === "boot_done" && (data as { bootId?: string } | undefined)?.bootId === boot.record.bootId,
    );
  }

  /** What a stage waits for, empty if it is well. Its services are looked at anew, in case something was not heard. */
  async #look(stage: ConfiguredStage): Promise<string[]> {
    const { deps, signal } = this.#engine;
    const waitingFor = await this.#deploys.bring(stage);
    for (const service of stage.services) {
      const unwell = this.#boot.unwellOf(service);
      if (unwell?.length === 0) continue;
      if (unwell) waitingFor.push(...unwell);
      else if (await deps.registry.service(service)) waitingFor.push(`${service} (not looked at yet)`);
      else continue;
      this.#boot.wanted.send(service);
    }
    if (waitingFor.length > 0 || !stage.health) return waitingFor;
    const { passed, text } = await askStage(stage.health, deps.clock, signal);
    return passed ? [] : [`its health check (${text})`];
  }

  async #enter(stage: ConfiguredStage, state: StageState, waitingFor: readonly string[]): Promise<void> {
    const { stages } = this.#boot;
    const index = stages.indexOf(stage);
    const what = stageText(stages, index);
    await this.#boot.enter(stage.name, state);
    if (state === "passed") return this.#tell(index, "passed", `${what} passed`);
    const goesOn = state === "late" ? "it blocks what comes after it, and is tried on" : "the boot goes on";
    const text = `${what} was not well in time, ${goesOn}: it waits for ${waitingFor.join(", ")}`;
    this.#engine.deps.log.warn(text);
    await this.#tell(index, "failed", text);
  }

  async #tell(index: number, happened: "began" | "passed" | "failed", text: string): Promise<void> {
    const { stages } = this.#boot;
    const data = { stage: stages[index]?.name, number: index + 1, stages: stages.length, happened };
    await this.#engine.journal.write({ service: "", kind: "boot_stage", text, data });
  }

  /** Says nothing before the first stage has ended or is late: what was wrong before the boot may be wrong still. */
  #tellConditions(): void {
    const { stages, record } = this.#boot;
    if (!record.isDone && Object.keys(record.progress).length === 0) return;
    const found = stages.flatMap((stage): Condition[] => {
      const state = this.#stateOf(stage);
      if (state === undefined || state === "passed") return [];
      return [stageCondition(stage, state, this.#waitingFor.get(stage.name) ?? [])];
    });
    this.#engine.conditions.set("boot", found);
  }

  #pauseMs(): number {
    const { deps } = this.#engine;
    const pauseMs = backoffMs(pauses, ++this.#attempt, deps.random());
    const stage = this.#boot.stages[this.#current ?? -1];
    if (!stage || this.#stateOf(stage) !== undefined) return pauseMs;
    const leftMs = this.#beganMs + stage.timeoutMs - deps.clock.monotonic();
    return Math.max(0, Math.min(pauseMs, leftMs));
  }
}
