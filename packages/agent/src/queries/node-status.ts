import { readFile, statfs } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, release, totalmem, uptime } from "node:os";
import { bootId } from "@mcp/host";
import { type Capacity, type Sum, sizeOf } from "@mcp/registry";
import type { Capability, RuntimeKind } from "@mcp/runtime";
import type { Agent } from "../agent.ts";
import { liveInstances } from "./live.ts";

export interface NodeStatus {
  readonly name: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly bootedAtMs: number;
  readonly bootId: string;
  readonly os: string;
  readonly cpus: number;
  readonly load1m: number;
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly agentMemoryBytes: number;
  readonly disks: readonly Disk[];
  readonly runtimes: readonly RuntimeStatus[];
  readonly services: number;
  readonly running: number;
  /** What virtual machines that should run are promised, and what there is for all of them, if that is limited. */
  readonly promised: Sum;
  readonly capacity?: Capacity;
}

export interface Disk {
  readonly use: string;
  readonly path: string;
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export interface RuntimeStatus {
  readonly kinds: readonly RuntimeKind[];
  readonly ok: boolean;
  readonly version: string;
  readonly store: string;
  readonly notes: readonly string[];
  readonly cannot: readonly {
    readonly capability: string;
    readonly why: string;
    /** No host could. */
    readonly byNature: boolean;
  }[];
  readonly why: string;
  readonly hint: string;
}

export async function nodeStatus({ deps, engine, startedAtMs }: Agent): Promise<NodeStatus> {
  const [live, services, { promised, capacity }, disks] = await Promise.all([
    liveInstances(engine),
    deps.registry.services(),
    deps.registry.promises(),
    Promise.all((deps.disks ?? []).map(diskOf)),
    ...engine.runtimes.all.map((known) => engine.runtimes.refresh(known, engine.signal)),
  ]);
  return {
    name: deps.node,
    version: deps.version,
    startedAtMs,
    bootedAtMs: deps.clock.now() - Math.round(uptime() * 1_000),
    bootId: await bootId(),
    os: `${await osName()}, Linux ${release()}`,
    cpus: availableParallelism(),
    load1m: loadavg()[0] ?? 0,
    memoryTotalBytes: totalmem(),
    memoryAvailableBytes: await availableMemory(),
    agentMemoryBytes: process.memoryUsage.rss(),
    disks: disks.flat(),
    runtimes: [...engine.runtimes.all.map(runtimeStatus), ...(deps.missingRuntimes ?? [])],
    services: services.length,
    running: live.workloads.filter(({ state }) => state === "running").length,
    promised: sizeOf(promised),
    ...(capacity && { capacity }),
  };
}

export function runtimeStatus({
  runtime,
  probe,
  trouble,
}: Agent["engine"]["runtimes"]["all"][number]): RuntimeStatus {
  const working = probe?.ok ? probe : undefined;
  return {
    kinds: runtime.kinds,
    ok: working !== undefined && trouble === undefined,
    version: working?.version ?? "",
    store: working?.store ?? "",
    notes: working?.notes ?? [],
    cannot: Object.entries<Capability>({ ...working?.can }).flatMap(([capability, can]) =>
      can.ok ? [] : [{ capability, why: can.why, byNature: can.byNature === true }],
    ),
    why: trouble?.message ?? "",
    hint: trouble?.hint ?? "",
  };
}

async function diskOf({ use, path }: { use: string; path: string }): Promise<Disk[]> {
  try {
    const { bsize, blocks, bavail } = await statfs(path);
    return [{ use, path, totalBytes: blocks * bsize, availableBytes: bavail * bsize }];
  } catch {
    // Not there yet, such as the folder of a runtime that never ran.
    return [];
  }
}

async function osName(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(text)?.[1] ?? "Linux";
}

/** What a new workload could have: free memory and what the kernel would give back. */
async function availableMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kiB = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kiB === undefined ? freemem() : Number(kiB) * 1024;
}
