import { Problem } from "@mcp/base";
import { type Observation, type Plan, plan, type ServiceGoal } from "@mcp/planner";
import type { Registry, ServiceRecord } from "@mcp/registry";
import type { ImageSource } from "@mcp/runtime";
import type { Boot } from "../boot/boot.ts";
import type { HealthMonitor } from "../health/monitor.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { type Revision, readRevision } from "../revision/revision.ts";
import { randomSuffix, toGoal, unnamed } from "./goal.ts";
import { observe, withHealth } from "./observe.ts";
import type { RepairPauses } from "./repair-pauses.ts";
import type { Runtimes } from "./runtimes.ts";

/** A service as the registry has it, with the revisions that matter now. */
export interface ServiceState {
  readonly record: ServiceRecord;
  readonly revisions: ReadonlyMap<number, Revision>;
}

/** What was looked at and decided, together, so that steps are carried out on the facts they were planned from. */
export interface Look extends ServiceState {
  readonly goal: ServiceGoal;
  readonly observation: Observation;
  readonly plan: Plan;
}

const mostKeptRevisions = 2_000;

/** Reads services and plans for them. Revisions never change, so a parsed one is kept. */
export class ServiceStates {
  readonly #registry: Registry;
  readonly #runtimes: Runtimes;
  readonly #images: ImageSource;
  readonly #random: () => number;
  readonly #health: Pick<HealthMonitor, "of">;
  readonly #pauses: Pick<RepairPauses, "hold">;
  readonly #metrics: Metrics;
  readonly #boot: Pick<Boot, "mark">;
  readonly #parsed = new Map<string, Revision>();

  constructor(
    registry: Registry,
    runtimes: Runtimes,
    images: ImageSource,
    random: () => number,
    health: Pick<HealthMonitor, "of">,
    pauses: Pick<RepairPauses, "hold">,
    metrics: Metrics,
    boot: Pick<Boot, "mark">,
  ) {
    this.#registry = registry;
    this.#runtimes = runtimes;
    this.#images = images;
    this.#random = random;
    this.#health = health;
    this.#pauses = pauses;
    this.#metrics = metrics;
    this.#boot = boot;
  }

  /** @throws Problem `service_not_found`. */
  async load(service: string): Promise<ServiceState> {
    const record = await this.#registry.service(service);
    if (record) return (await this.#withRevisions([record]))[0] as ServiceState;
    throw new Problem(
      "service_not_found",
      `there is no service ${service} on this node`,
      "see what there is with: mcp list",
    );
  }

  async loadAll(names?: readonly string[]): Promise<ServiceState[]> {
    return this.#withRevisions(await this.#registry.services(names));
  }

  goalOf({ record, revisions }: ServiceState, cause: ServiceGoal["cause"]): ServiceGoal {
    const goal = this.#boot.mark(toGoal(record, revisions, cause, () => randomSuffix(this.#random)));
    return cause === "repair" ? this.#pauses.hold(goal) : goal;
  }

  /** For a plan that is only shown: an instance to come has no name yet, and two equal plans are equal. */
  previewGoalOf({ record, revisions }: ServiceState): ServiceGoal {
    return toGoal(record, revisions, "operation", () => unnamed);
  }

  async observe(goal: ServiceGoal, signal: AbortSignal): Promise<Observation> {
    return withHealth(goal, await observe(goal, this.#runtimes, this.#images, signal), this.#health);
  }

  /** Undefined if there is no such service, or no longer. */
  look(
    service: string,
    cause: ServiceGoal["cause"],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<Look | undefined> {
    return this.#metrics.time(
      "mcp_look_duration_seconds",
      () => ({ cause }),
      () => this.#look(service, cause, nowMs, signal),
    );
  }

  async #look(
    service: string,
    cause: ServiceGoal["cause"],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<Look | undefined> {
    const [state] = await this.loadAll([service]);
    if (!state) return undefined;
    const goal = this.goalOf(state, cause);
    const observation = await this.observe(goal, signal);
    return { ...state, goal, observation, plan: plan(goal, observation, nowMs) };
  }

  async #withRevisions(records: readonly ServiceRecord[]): Promise<ServiceState[]> {
    const needed = records.map((record) => ({ record, numbers: revisionNumbers(record) }));
    const known = new Map<string, Revision>();
    const missing: { service: string; number: number }[] = [];
    for (const { record, numbers } of needed)
      for (const number of numbers) {
        const parsed = this.#parsed.get(keyOf(record.name, number));
        if (parsed) known.set(keyOf(record.name, number), parsed);
        else missing.push({ service: record.name, number });
      }
    const found = missing.length > 0 ? await this.#registry.revisionsOf(missing) : [];
    for (const revision of found) {
      const key = keyOf(revision.service, revision.number);
      known.set(key, readRevision(revision));
      this.#keep(key, known.get(key) as Revision);
    }
    return needed.map(({ record, numbers }) => ({
      record,
      revisions: new Map(
        [...numbers].flatMap((number) => {
          const revision = known.get(keyOf(record.name, number));
          return revision ? [[number, revision] as const] : [];
        }),
      ),
    }));
  }

  /** The oldest go first. */
  #keep(key: string, revision: Revision): void {
    this.#parsed.set(key, revision);
    const [oldest] = this.#parsed.keys();
    if (this.#parsed.size > mostKeptRevisions && oldest !== undefined) this.#parsed.delete(oldest);
  }
}

const keyOf = (service: string, number: number): string => `${service}#${number}`;

function revisionNumbers({ currentRevision, candidate, instances }: ServiceRecord): Set<number> {
  return new Set([
    ...(currentRevision === undefined ? [] : [currentRevision]),
    ...(candidate ? [candidate.revision] : []),
    ...instances.map(({ revision }) => revision),
  ]);
}
