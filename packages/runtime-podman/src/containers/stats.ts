import type { Usage } from "@mcp/runtime";
import { expectStatus } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import { listContainers } from "./lookup.ts";
import { fromListed } from "./to-workload.ts";

interface PodmanStats {
  readonly Error: unknown;
  readonly Stats: readonly ContainerStats[] | null;
}

interface ContainerStats {
  readonly Name: string;
  readonly MemUsage: number;
  readonly MemLimit: number;
  /** Of one core, in percent, since the container started. */
  readonly AvgCPU: number;
}

export async function readStats(
  api: PodmanApi,
  hostMemoryBytes: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Usage>> {
  const call = {
    what: "measure",
    method: "GET",
    path: "/containers/stats",
    query: { stream: false },
  } as const;
  const [listed, reply] = await Promise.all([
    listContainers(api, { status: ["running"] }, signal),
    api.call(call, signal),
  ]);
  const { Stats } = expectStatus(reply, call.what, 200).body as PodmanStats;
  const ours = new Set(listed.flatMap((container) => fromListed(container)?.name ?? []));
  return new Map(
    (Stats ?? [])
      .filter(({ Name }) => ours.has(Name))
      .map((stats) => [stats.Name, usageOf(stats, hostMemoryBytes)]),
  );
}

/** Without a limit podman shows the host's whole memory as one. */
export function usageOf({ MemUsage, MemLimit, AvgCPU }: ContainerStats, hostMemoryBytes: number): Usage {
  return {
    memoryBytes: MemUsage,
    ...(MemLimit > 0 && MemLimit < hostMemoryBytes && { memoryLimitBytes: MemLimit }),
    cpuCores: Math.max(0, AvgCPU / 100),
  };
}
