import { readdir, readFile } from "node:fs/promises";
import type { GaugeName, MetricName } from "./catalog.ts";
import type { Sample } from "./tallies.ts";

/** Of this process, by what Linux and node say; what they do not say is left out. */
export async function processSamples(): Promise<ReadonlyMap<MetricName, readonly Sample[]>> {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const values: readonly (readonly [MetricName, number | undefined])[] = [
    ["nodejs_eventloop_lag_seconds" satisfies GaugeName, await eventLoopLagSeconds()],
    ["nodejs_heap_size_used_bytes", heapUsed],
    ["process_resident_memory_bytes", rss],
    ["process_cpu_seconds_total", (user + system) / 1e6],
    ["mcp_event_loop_active_seconds_total", performance.eventLoopUtilization().active / 1_000],
    ["process_open_fds", await openFiles()],
    ["process_max_fds", await mostOpenFiles()],
    ["process_start_time_seconds", performance.timeOrigin / 1_000],
  ];
  return new Map(values.map(([name, value]) => [name, value === undefined ? [] : [{ labels: {}, value }]]));
}

async function eventLoopLagSeconds(): Promise<number> {
  const beganMs = performance.now();
  await new Promise((resolve) => setImmediate(resolve));
  return (performance.now() - beganMs) / 1_000;
}

/** Without the one by which the folder is read. */
const openFiles = async (): Promise<number | undefined> =>
  readdir("/proc/self/fd").then(
    ({ length }) => length - 1,
    () => undefined,
  );

async function mostOpenFiles(): Promise<number | undefined> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
