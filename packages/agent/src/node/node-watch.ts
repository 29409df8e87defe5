import { asProblem } from "@mcp/base";
import { type Condition, type NodeFacts, nodeConditions, nodeLimitDefaults } from "@mcp/planner";
import type { DoctorCheck } from "../deps.ts";
import type { Engine } from "../engine/engine.ts";
import { Disks, type Folder } from "./disks.ts";
import { busyShare, type CpuTimes, cpuTimes, memoryFacts } from "./machine.ts";
import { StrayWatch } from "./stray-watch.ts";

const finder = "node";
/** Sooner than this after a tick, what is between the two ticks before says more. */
const leastSpanMs = 1_000;

/**
 * Looks at the machine itself once every interval, and has what is wrong with it among the conditions; and at what is
 * there that nobody asked for.
 */
export class NodeWatch {
  readonly #engine: Engine;
  readonly #strays: StrayWatch;
  readonly #disks: Disks;
  #found: readonly Condition[] = [];
  #sample: { readonly atMs: number; readonly times: CpuTimes } | undefined;
  #busy: number | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#strays = new StrayWatch(engine);
    this.#disks = new Disks(engine.deps.clock);
  }

  /** Runs until the engine ends. */
  async run(): Promise<void> {
    const { deps, signal } = this.#engine;
    while (!signal.aborted) {
      await this.#try("the machine", () => this.look());
      await deps.clock.sleep(deps.intervalMs, signal).catch(() => {});
      // Not at the start, when there is more urgent work.
      await this.#try("what is unmanaged", () => this.lookForStrays());
    }
  }

  async #try(what: string, look: () => Promise<unknown>): Promise<void> {
    const { deps, signal } = this.#engine;
    if (signal.aborted) return;
    await look().catch((cause: unknown) => {
      if (!signal.aborted) deps.log.error(`${what} could not be looked at`, { cause });
    });
  }

  /** Tell of what nobody asked this agent for. */
  lookForStrays(): Promise<void> {
    return this.#strays.look();
  }

  /** Find what is wrong now. */
  async look(): Promise<readonly Condition[]> {
    const { conditions, signal, deps } = this.#engine;
    await this.#takeSample();
    const facts = await this.facts();
    if (signal.aborted) return this.#found;
    this.#found = nodeConditions(facts, this.#found, deps.limits ?? nodeLimitDefaults);
    conditions.set(finder, this.#found);
    return this.#found;
  }

  async facts(): Promise<NodeFacts> {
    const { deps } = this.#engine;
    const [{ disks, unknown }, memory, database] = await Promise.all([
      this.#disks.facts(this.#folders()),
      memoryFacts(),
      deps.registry.checkWritable().then(() => undefined, asProblem),
    ]);
    return {
      disks,
      ...(unknown.length > 0 && { unknownDisks: unknown }),
      ...memory,
      ...(database && { database: { message: database.message, hint: database.hint } }),
    };
  }

  /** From 0 to 1, of all cpus, since the last tick or between the two before; undefined where that is not known yet. */
  async cpuBusy(): Promise<number | undefined> {
    const now = await cpuTimes();
    const last = this.#sample;
    const isLongEnough = last && this.#engine.deps.clock.monotonic() - last.atMs >= leastSpanMs;
    const fresh = last && now && (isLongEnough || this.#busy === undefined) && busyShare(last.times, now);
    return fresh || fresh === 0 ? fresh : this.#busy;
  }

  async #takeSample(): Promise<void> {
    const times = await cpuTimes();
    if (!times) return;
    const last = this.#sample;
    this.#sample = { atMs: this.#engine.deps.clock.monotonic(), times };
    if (last) this.#busy = busyShare(last.times, times) ?? this.#busy;
  }

  /** Those of the config, and where runtimes that tell it by a path keep their images. */
  #folders(): Folder[] {
    const { deps, runtimes } = this.#engine;
    const stores = runtimes.all.flatMap(({ name, probe }) => {
      const path = probe?.ok ? /^\/[^ ]*/.exec(probe.store)?.[0] : undefined;
      return path === undefined ? [] : [{ use: name, path }];
    });
    const all = [...(deps.disks ?? []), ...stores];
    return all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
  }
}

/** What is wrong with the machine, for a doctor; each disk and the database also where all is well. */
export function machineChecks(facts: NodeFacts, found: readonly Condition[]): DoctorCheck[] {
  const devices = [...Map.groupBy(facts.disks, ({ device }) => device).values()];
  const checkOf = (name: string, trouble: Condition | undefined, well: string): DoctorCheck =>
    trouble
      ? {
          name,
          outcome: trouble.severity === "critical" ? "failed" : "warning",
          text: `${trouble.title}: ${trouble.text}`,
          hint: trouble.hint,
        }
      : { name, outcome: "ok", text: well, hint: "" };
  const of = (code: Condition["code"], subject = ""): Condition | undefined =>
    found.find((each) => each.code === code && each.subject === subject);
  const free = Math.round((facts.memoryAvailableBytes / facts.memoryTotalBytes) * 100);
  return [
    checkOf("database", of("database_unwritable"), "it can be written"),
    ...devices.flatMap(([disk, ...others]) => {
      if (!disk) return [];
      const { use, path, totalBytes, availableBytes } = disk;
      const full = totalBytes === 0 ? 0 : Math.floor((1 - availableBytes / totalBytes) * 100);
      const name = `disk: ${[use, ...others.map((other) => other.use)].join(", ")}`;
      return [checkOf(name, of("disk_filling", path), `the disk of ${path} is ${full} % full`)];
    }),
    ...(facts.unknownDisks ?? []).map(
      ({ use, path }): DoctorCheck => ({
        name: `disk: ${use}`,
        outcome: "warning",
        text: `nobody can say how full the disk of ${path} is: it does not answer`,
        hint: `see whether it answers: df ${path}; if it is a network disk, whether its server does`,
      }),
    ),
    checkOf("memory", of("memory_low"), `${free} % is available`),
  ];
}
