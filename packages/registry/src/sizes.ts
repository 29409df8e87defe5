import { Problem } from "@mcp/base";
import type { Reads } from "./database.ts";

/** Of a virtual machine as its guest sees it, of several together, or what there is for all of them. */
export interface Size {
  readonly memoryMiB: number;
  readonly vcpus: number;
}

/** What there is for all virtual machines together, and what each takes of it besides what its guest sees. */
export interface Capacity extends Size {
  /** Default 0. Never recorded with a promise: what a QEMU takes is the agent's to know, and may change with it. */
  readonly overheadMiB?: number;
}

/** A promise, or several together, with what their machines take besides. */
export interface Sum extends Size {
  /** On top of `memoryMiB`. */
  readonly overheadMiB: number;
}

/** What a virtual machine of a revision is promised for as long as it should run. */
export interface SizeClaim extends Size {
  readonly component: string;
  /** It starts beside the one that it replaces, so that for a while both are there. */
  readonly isBeside: boolean;
}

/** What is promised, and to whom. */
export interface Promised extends Sum {
  readonly service: string;
  readonly component: string;
}

interface Row extends Promised {
  readonly isCandidate: boolean;
  readonly isBeside: boolean;
  readonly isWanted: boolean;
}

/** What counts against the machine, by service and component. */
export const loadPromised = async (queries: Reads, capacity?: Capacity): Promise<Promised[]> =>
  promisedBy(await loadRows(queries, capacity));

/**
 * A proposal takes the place of an earlier candidate, beside the current revision, which comes back if it fails.
 *
 * @throws Problem `resources_exhausted`
 */
export function requireRoomForProposal(
  queries: Reads,
  capacity: Capacity | undefined,
  proposal: {
    readonly service: string;
    readonly components: readonly { readonly name: string; readonly desired: "running" | "stopped" }[];
    readonly sizes: readonly SizeClaim[];
  },
): Promise<void> {
  const { service, components, sizes } = proposal;
  return requireRoom(queries, capacity, service, (rows) => [
    ...rows.filter(({ isCandidate }) => !isCandidate),
    ...sizes.map((claim) => ({
      ...claim,
      service,
      overheadMiB: capacity?.overheadMiB ?? 0,
      isCandidate: true,
      isWanted: components.some(({ name, desired }) => name === claim.component && desired === "running"),
    })),
  ]);
}

/**
 * @param components  which are to run; all if absent.
 * @throws Problem `resources_exhausted`
 */
export function requireRoomToRun(
  queries: Reads,
  capacity: Capacity | undefined,
  service: string,
  components: readonly string[] | undefined,
): Promise<void> {
  return requireRoom(queries, capacity, service, (rows) =>
    rows.map((row) => ({ ...row, isWanted: row.isWanted || (components?.includes(row.component) ?? true) })),
  );
}

/** What is not more than it was is never refused, also where the machine has become smaller than what was promised. */
async function requireRoom(
  queries: Reads,
  capacity: Capacity | undefined,
  service: string,
  change: (own: readonly Row[]) => readonly Row[],
): Promise<void> {
  if (!capacity) return;
  const rows = await loadRows(queries, capacity);
  const own = rows.filter((row) => row.service === service);
  const others = promisedBy(rows.filter((row) => row.service !== service));
  const [before, after] = [sizeOf(promisedBy(own)), sizeOf(promisedBy(change(own)))];
  for (const what of ["memoryMiB", "vcpus"] as const) {
    const [wanted, had] = [taken(after, what), taken(before, what)];
    if (wanted <= had || wanted + taken(sizeOf(others), what) <= capacity[what]) continue;
    throw exhausted(service, after, capacity, others, what);
  }
}

/** What is stopped, or leaves, has no memory and counts for nothing; what should run counts also while it is down. */
async function loadRows(queries: Reads, { overheadMiB = 0 }: Partial<Capacity> = {}): Promise<Row[]> {
  const found = await queries
    .selectFrom("size_claim")
    .innerJoin("service", "service.name", "size_claim.service")
    .innerJoin("component", (join) =>
      join
        .onRef("component.service", "=", "size_claim.service")
        .onRef("component.name", "=", "size_claim.component"),
    )
    .select([
      "size_claim.service as service",
      "size_claim.component as component",
      "size_claim.revision as revision",
      "size_claim.memory_mib as memoryMiB",
      "size_claim.vcpus as vcpus",
      "size_claim.is_beside as is_beside",
      "service.desired as service_desired",
      "service.candidate_revision as candidate_revision",
      "component.desired as desired",
      "component.desired_before as desired_before",
    ])
    .orderBy("size_claim.service")
    .orderBy("size_claim.component")
    .execute();
  return found.map(({ service, component, memoryMiB, vcpus, ...row }) => {
    const isCandidate = row.revision === row.candidate_revision;
    // Of the current revision what comes back counts, should the candidate not stay.
    const desired = isCandidate ? row.desired : (row.desired_before ?? row.desired);
    return {
      service,
      component,
      memoryMiB,
      vcpus,
      overheadMiB,
      isCandidate,
      isBeside: isCandidate && row.is_beside === 1,
      isWanted: desired === "running" && row.service_desired !== "absent",
    };
  });
}

/** Of the old and the new one of a component the larger counts: they run after one another, unless side by side. */
function promisedBy(rows: readonly Row[]): Promised[] {
  const wanted = rows.filter(({ isWanted }) => isWanted);
  return [...Map.groupBy(wanted, ({ service, component }) => `${service}/${component}`).values()].map(
    (ofOne) => {
      const [{ service, component }] = ofOne as [Row];
      const both = sizeOf(ofOne);
      const isBeside = ofOne.some((row) => row.isBeside);
      const larger = {
        memoryMiB: Math.max(...ofOne.map(({ memoryMiB }) => memoryMiB)),
        vcpus: Math.max(...ofOne.map(({ vcpus }) => vcpus)),
        overheadMiB: Math.max(...ofOne.map(({ overheadMiB }) => overheadMiB)),
      };
      return { service, component, ...(isBeside ? both : larger) };
    },
  );
}

export const sizeOf = (sizes: readonly Sum[]): Sum => ({
  memoryMiB: sizes.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
  vcpus: sizes.reduce((sum, { vcpus }) => sum + vcpus, 0),
  overheadMiB: sizes.reduce((sum, { overheadMiB }) => sum + overheadMiB, 0),
});

/** Of the machine. */
const taken = ({ memoryMiB, vcpus, overheadMiB }: Sum, what: keyof Size): number =>
  what === "memoryMiB" ? memoryMiB + overheadMiB : vcpus;

const mostNamed = 3;

function exhausted(
  service: string,
  wanted: Sum,
  capacity: Capacity,
  others: readonly Promised[],
  what: keyof Size,
): Problem {
  const isMemory = what === "memoryMiB";
  const inUnits = (amount: number | string): string => `${amount} ${isMemory ? "MiB" : "vcpus"}`;
  const parts = (sum: Sum): string =>
    inUnits(isMemory && sum.overheadMiB > 0 ? `${sum.memoryMiB} + ${sum.overheadMiB}` : sum[what]);
  const promised = taken(sizeOf(others), what);
  const largest = [...others].sort((a, b) => b[what] - a[what]);
  const named = largest.slice(0, mostNamed).map((one) => `${one.service}/${one.component} ${parts(one)}`);
  const more = largest.length - named.length;
  const holders =
    promised === 0
      ? ""
      : `; promised to others: ${inUnits(promised)} (${named.join(", ")}${more > 0 ? `, and ${more} more` : ""})`;
  const { overheadMiB = 0 } = capacity;
  const added = isMemory && overheadMiB > 0 ? `; QEMU itself takes ${overheadMiB} MiB for each machine` : "";
  const free = Math.max(0, capacity[what] - promised);
  return new Problem(
    "resources_exhausted",
    `the virtual machines of ${service} want ${parts(wanted)}${isMemory ? " of memory" : ""}, and ` +
      `${inUnits(free)} of ${inUnits(capacity[what])} are free${holders}${added}`,
    largest[0] && taken(wanted, what) <= capacity[what]
      ? `ask for less, or stop another one: mcp stop ${largest[0].service}; see the sums: mcp node status`
      : "ask for less, or deploy it on a larger node; see the sums: mcp node status",
  );
}
