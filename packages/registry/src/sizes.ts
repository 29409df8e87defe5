import { Problem } from "@mcp/base";
import type { Reads } from "./database.ts";

/** Of a virtual machine, of several together, or what there is for all of them. */
export interface Size {
  readonly memoryMiB: number;
  readonly vcpus: number;
}

/** What a virtual machine of a revision is promised for as long as it should run. */
export interface SizeClaim extends Size {
  readonly component: string;
  /** It starts beside the one that it replaces, so that for a while both are there. */
  readonly isBeside: boolean;
}

/** What is promised, and to whom. */
export interface Promised extends Size {
  readonly service: string;
  readonly component: string;
}

interface Row extends Promised {
  readonly isCandidate: boolean;
  readonly isBeside: boolean;
  readonly isWanted: boolean;
}

/** What counts against the machine, by service and component. */
export const loadPromised = async (queries: Reads): Promise<Promised[]> =>
  promisedBy(await loadRows(queries));

/**
 * A proposal takes the place of an earlier candidate, beside the current revision, which comes back if it fails.
 *
 * @throws Problem `resources_exhausted`
 */
export function requireRoomForProposal(
  queries: Reads,
  capacity: Size | undefined,
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
  capacity: Size | undefined,
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
  capacity: Size | undefined,
  service: string,
  change: (own: readonly Row[]) => readonly Row[],
): Promise<void> {
  if (!capacity) return;
  const rows = await loadRows(queries);
  const own = rows.filter((row) => row.service === service);
  const others = promisedBy(rows.filter((row) => row.service !== service));
  const [before, after] = [sizeOf(promisedBy(own)), sizeOf(promisedBy(change(own)))];
  for (const what of ["memoryMiB", "vcpus"] as const) {
    if (after[what] <= before[what] || after[what] + sizeOf(others)[what] <= capacity[what]) continue;
    throw exhausted(service, after[what], capacity[what], others, what);
  }
}

/** What is stopped, or leaves, has no memory and counts for nothing; what should run counts also while it is down. */
async function loadRows(queries: Reads): Promise<Row[]> {
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
      };
      return { service, component, ...(isBeside ? both : larger) };
    },
  );
}

export const sizeOf = (sizes: readonly Size[]): Size => ({
  memoryMiB: sizes.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
  vcpus: sizes.reduce((sum, { vcpus }) => sum + vcpus, 0),
});

const mostNamed = 3;

function exhausted(
  service: string,
  wanted: number,
  capacity: number,
  others: readonly Promised[],
  what: keyof Size,
): Problem {
  const inUnits = (amount: number): string => (what === "memoryMiB" ? `${amount} MiB` : `${amount} vcpus`);
  const taken = sizeOf(others)[what];
  const largest = [...others].sort((a, b) => b[what] - a[what]);
  const named = largest
    .slice(0, mostNamed)
    .map((one) => `${one.service}/${one.component} ${inUnits(one[what])}`);
  const more = largest.length - named.length;
  const holders =
    taken === 0
      ? ""
      : `; promised to others: ${inUnits(taken)} (${named.join(", ")}${more > 0 ? `, and ${more} more` : ""})`;
  const free = Math.max(0, capacity - taken);
  return new Problem(
    "resources_exhausted",
    `the virtual machines of ${service} want ${inUnits(wanted)}${what === "memoryMiB" ? " of memory" : ""}, and ` +
      `${inUnits(free)} of ${inUnits(capacity)} are free${holders}`,
    largest[0] && wanted <= capacity
      ? `ask for less, or stop another one: mcp stop ${largest[0].service}; see the sums: mcp node status`
      : "ask for less, or deploy it on a larger node; see the sums: mcp node status",
  );
}
