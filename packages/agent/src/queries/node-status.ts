import { readFile } from "node:fs/promises";
import { availableParallelism, loadavg, release, uptime } from "node:os";
import { bootId } from "@mcp/host";
import {
  type Condition,
  type DiskFacts,
  networkConditions,
  nodeConditions,
  nodeLimitDefaults,
} from "@mcp/planner";
import { type Capacity, type Sum, sizeOf } from "@mcp/registry";
import type { Accelerator, Capability, RuntimeKind } from "@mcp/runtime";
import type { Agent } from "../agent.ts";
import type { ChannelStatus } from "../alerts/index.ts";
import type { ServiceState } from "../engine/service-state.ts";
import { liveInstances } from "./live.ts";
import { type NetworkStatus, networkStatus } from "./network-status.ts";

export interface NodeStatus {
  readonly name: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly bootedAtMs: number;
  readonly bootId: string;
  readonly os: string;
  readonly cpus: number;
  /** From 0 to 1, of all of them, over the last seconds; absent: not known yet. */
  readonly cpuBusy?: number;
  readonly load1m: number;
  readonly load5m: number;
  readonly load15m: number;
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly agentMemoryBytes: number;
  readonly disks: readonly DiskFacts[];
  readonly runtimes: readonly RuntimeStatus[];
  readonly services: number;
  readonly running: number;
  /** What virtual machines that should run are promised, and what there is for all of them, if that is limited. */
  readonly promised: Sum;
  readonly capacity?: Capacity;
  readonly containerLimits: ContainerLimits;
  /** What is wrong with the machine at present. */
  readonly troubles: readonly Condition[];
  /** How people are told of it. */
  readonly alertChannels: readonly ChannelStatus[];
  readonly network?: NetworkStatus;
}

/** Of containers that should run; they promise nothing. */
export interface ContainerLimits {
  /** The sum of those that are limited. */
  readonly memoryMiB: number;
  readonly limited: number;
  readonly unlimited: number;
}

export interface RuntimeStatus {
  readonly kinds: readonly RuntimeKind[];
  readonly ok: boolean;
  readonly version: string;
  readonly store: string;
  readonly notes: readonly string[];
  readonly accelerator?: Accelerator;
  readonly cannot: readonly {
    readonly capability: string;
    readonly why: string;
    /** No host could. */
    readonly byNature: boolean;
  }[];
  readonly why: string;
  readonly hint: string;
}

/** Of a disk that does not answer: no disk that does is so small. */
const unknownSize = { totalBytes: 0, availableBytes: 0, device: -1 };

export async function nodeStatus({ deps, engine, node, alerter, startedAtMs }: Agent): Promise<NodeStatus> {
  const [live, services, { promised, capacity }, facts, cpuBusy, network] = await Promise.all([
    liveInstances(engine),
    engine.states.loadAll(),
    deps.registry.promises(),
    node.facts(),
    node.cpuBusy(),
    networkStatus(engine),
    ...engine.runtimes.all.map((known) => engine.runtimes.refresh(known, engine.signal)),
  ]);
  const [load1m = 0, load5m = 0, load15m = 0] = loadavg();
  return {
    name: deps.node,
    version: deps.version,
    startedAtMs,
    bootedAtMs: deps.clock.now() - Math.round(uptime() * 1_000),
    bootId: await bootId(),
    os: `${await osName()}, Linux ${release()}`,
    cpus: availableParallelism(),
    ...(cpuBusy !== undefined && { cpuBusy }),
    load1m,
    load5m,
    load15m,
    memoryTotalBytes: facts.memoryTotalBytes,
    memoryAvailableBytes: facts.memoryAvailableBytes,
    agentMemoryBytes: process.memoryUsage.rss(),
    disks: [...facts.disks, ...(facts.unknownDisks ?? []).map((disk) => ({ ...disk, ...unknownSize }))],
    runtimes: [...engine.runtimes.all.map(runtimeStatus), ...(deps.missingRuntimes ?? [])],
    services: services.length,
    running: live.workloads.filter(({ state }) => state === "running").length,
    promised: sizeOf(promised),
    ...(capacity && { capacity }),
    containerLimits: containerLimits(services),
    troubles: [
      ...nodeConditions(facts, engine.conditions.all(), deps.limits ?? nodeLimitDefaults),
      ...(network ? networkConditions(network.status, network.held.length) : []),
    ],
    alertChannels: alerter.channels,
    ...(network && { network }),
  };
}

function containerLimits(services: readonly ServiceState[]): ContainerLimits {
  const limits = services.flatMap(({ record, revisions }) => {
    const desired = new Map(record.components.map((each) => [each.name, each.desired]));
    const current = revisions.get(record.currentRevision ?? -1)?.components ?? [];
    return current
      .filter(({ name, runtime }) => runtime === "container" && desired.get(name) === "running")
      .map(({ memoryMiB }) => memoryMiB);
  });
  const limited = limits.filter((memoryMiB) => memoryMiB !== undefined);
  return {
    memoryMiB: limited.reduce((sum, memoryMiB) => sum + memoryMiB, 0),
    limited: limited.length,
    unlimited: limits.length - limited.length,
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
    ...(working?.accelerator && { accelerator: working.accelerator }),
    cannot: Object.entries<Capability>({ ...working?.can }).flatMap(([capability, can]) =>
      can.ok ? [] : [{ capability, why: can.why, byNature: can.byNature === true }],
    ),
    why: trouble?.message ?? "",
    hint: trouble?.hint ?? "",
  };
}

async function osName(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(text)?.[1] ?? "Linux";
}
