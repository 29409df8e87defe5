import type { Condition } from "./condition.ts";

/** From when on the node itself is in trouble, in percent. */
export interface NodeLimits {
  readonly diskFullPercent: number;
  /** Of memory that is left. */
  readonly memoryLowPercent: number;
}

export const nodeLimitDefaults: NodeLimits = { diskFullPercent: 90, memoryLowPercent: 5 };

/** What was seen of the machine. */
export interface NodeFacts {
  readonly disks: readonly DiskFacts[];
  /** Folders whose disk did not answer in time. */
  readonly unknownDisks?: readonly Pick<DiskFacts, "use" | "path">[];
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  /** Why the database cannot be written; absent: it can. */
  readonly database?: { readonly message: string; readonly hint: string };
}

export interface DiskFacts {
  /** What of ours lies there: `database`, say. */
  readonly use: string;
  readonly path: string;
  readonly totalBytes: number;
  readonly availableBytes: number;
  /** The same for folders on one disk. */
  readonly device: number;
}

/** At least this full, a disk is about to stop everything. */
const criticalDiskPercent = 97;
/** So much less than its limit, and it is over: what goes up and down around a limit is told once. */
const backPercent = 2;

/** What is wrong with the machine. @param before  what was found last, which is not over at the limit itself. */
export function nodeConditions(
  facts: NodeFacts,
  before: readonly Condition[],
  limits: NodeLimits,
): Condition[] {
  const byDevice = Map.groupBy(facts.disks, ({ device }) => device);
  return [
    ...[...byDevice.values()].flatMap((disks) => diskCondition(disks, before, limits)),
    // Nobody can say that it is over.
    ...before.filter(
      ({ code, subject }) =>
        code === "disk_filling" && facts.unknownDisks?.some(({ path }) => path === subject) === true,
    ),
    ...memoryCondition(facts, before, limits),
    ...databaseCondition(facts),
  ];
}

/** In percent, of what may be used. */
export const fullPercent = ({ totalBytes, availableBytes }: DiskFacts): number =>
  totalBytes === 0 ? 0 : (1 - availableBytes / totalBytes) * 100;

/** @param disks  folders on one disk, of which the first stands for all. */
function diskCondition(
  disks: readonly DiskFacts[],
  before: readonly Condition[],
  { diskFullPercent }: NodeLimits,
): Condition[] {
  const [disk] = disks;
  if (!disk) return [];
  const full = fullPercent(disk);
  const was = before.find(({ code, subject }) => code === "disk_filling" && subject === disk.path);
  if (full < diskFullPercent - (was ? backPercent : 0)) return [];
  const isCritical = full >= criticalDiskPercent - (was?.severity === "critical" ? backPercent : 0);
  const { path, availableBytes } = disk;
  const uses = disks.map(({ use, path: of }) => `${use} (${of})`).join(", ");
  return [
    {
      ...ofNode,
      code: "disk_filling",
      subject: path,
      severity: isCritical ? "critical" : "warning",
      title: `the disk of ${path} is almost full`,
      text: `it is ${Math.floor(full)} % full, with ${MiB(availableBytes)} left; on it: ${uses}`,
      hint: `see what takes the room: du -xh ${path} | sort -h | tail; images that nothing uses: podman image prune`,
    },
  ];
}

function memoryCondition(
  { memoryTotalBytes, memoryAvailableBytes }: NodeFacts,
  before: readonly Condition[],
  { memoryLowPercent }: NodeLimits,
): Condition[] {
  const left = memoryTotalBytes === 0 ? 100 : (memoryAvailableBytes / memoryTotalBytes) * 100;
  const was = before.some(({ code }) => code === "memory_low");
  if (left >= memoryLowPercent + (was ? backPercent : 0)) return [];
  return [
    {
      ...ofNode,
      code: "memory_low",
      subject: "",
      severity: "warning",
      title: "memory runs low",
      text: `${MiB(memoryAvailableBytes)} of ${MiB(memoryTotalBytes)} are left`,
      hint: "see what takes it: mcp ps --wide; what is beside it: ps aux --sort=-rss | head",
    },
  ];
}

function databaseCondition({ database }: NodeFacts): Condition[] {
  if (!database) return [];
  return [
    {
      ...ofNode,
      code: "database_unwritable",
      subject: "",
      severity: "critical",
      title: "the agent's database cannot be written",
      text: `${database.message}. What runs goes on, but nothing can be changed.`,
      hint: database.hint,
    },
  ];
}

const ofNode = { service: "", component: "" } as const;

const MiB = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
