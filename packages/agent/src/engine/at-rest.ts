import type { Sighting } from "@mcp/planner";
import type { InstanceRecord, ServiceRecord } from "@mcp/registry";
import type { RuntimeKind, Workload } from "@mcp/runtime";
import type { HealthMonitor } from "../health/monitor.ts";
import { toSighting } from "./observe.ts";
import type { Runtimes } from "./runtimes.ts";
import type { Look } from "./service-state.ts";

/**
 * Which services were found with nothing to do, nothing to tell, and nothing that time alone will change. As long as the
 * registry and the runtimes show the same of one, another look would find the same, so that a pass over a thousand is one
 * list and one read. It decides only who is looked at, never what is done.
 */
export class AtRest {
  readonly #runtimes: Runtimes;
  readonly #health: Pick<HealthMonitor, "of">;
  /** By service: all that the look went by. */
  readonly #facts = new Map<string, string>();

  constructor(runtimes: Runtimes, health: Pick<HealthMonitor, "of">) {
    this.#runtimes = runtimes;
    this.#health = health;
  }

  /** What a look that led to nothing has found. */
  keep({ record, observation }: Look): void {
    this.#facts.set(
      record.name,
      factsOf(record, ({ name }) => observation.sightings.get(name)),
    );
  }

  forget(service: string): void {
    this.#facts.delete(service);
  }

  /** Those that must be looked at: never seen at rest, or no longer as they were then. */
  async restless(records: readonly ServiceRecord[]): Promise<string[]> {
    const known = records.filter(({ name }) => this.#facts.has(name));
    const kinds = new Set(known.flatMap(({ instances }) => instances.map(({ kind }) => kind as RuntimeKind)));
    const listed = new Map(
      await Promise.all([...kinds].map(async (kind) => [kind, await this.#listed(kind)] as const)),
    );
    const see = ({ kind, name }: InstanceRecord): Sighting | undefined => {
      const workload = listed.get(kind as RuntimeKind)?.get(name);
      // Absence is only a hint, and so is another name: both need a closer look.
      if (workload?.name !== name) return undefined;
      const sighting = toSighting(workload);
      if (sighting.state !== "running") return sighting;
      const health = this.#health.of(name);
      return health ? { ...sighting, health } : sighting;
    };
    return records
      .filter((record) => this.#facts.get(record.name) !== factsOf(record, see))
      .map(({ name }) => name);
  }

  async #listed(kind: RuntimeKind): Promise<ReadonlyMap<string, Workload>> {
    const known = this.#runtimes.forKind(kind);
    if (!known || known.trouble) return new Map();
    // Why it cannot be listed is found by those who look for themselves.
    return known.listed().catch(() => new Map());
  }
}

/** In which what was seen is what its health check says, too. */
function factsOf(record: ServiceRecord, see: (instance: InstanceRecord) => Sighting | undefined): string {
  const { instances, ...service } = record;
  const seen = instances.map((instance) => {
    // What it was made from never changes, and its handle only with its start.
    const { spec: _, handle: __, ...told } = instance;
    return [told, see(instance)];
  });
  return JSON.stringify([service, seen]);
}
