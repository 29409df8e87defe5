import { readFile, stat, statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import type { DiskFacts } from "@mcp/planner";

/** How long all cpus together were busy, and that with the time they were idle, since the boot, in ticks of the kernel. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** Undefined where the kernel does not tell. */
export async function cpuTimes(): Promise<CpuTimes | undefined> {
  return parseCpuTimes(await readFile("/proc/stat", "utf8").catch(() => ""));
}

/** @param text  of /proc/stat: `cpu  user nice system idle iowait irq softirq steal guest guest_nice`, then each cpu. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const found = /^cpu +([\d ]+)$/m.exec(text)?.[1];
  // What guests used is in `user` and `nice` already.
  const times = found?.split(" ").slice(0, 8).map(Number);
  if (!times || times.length < 4) return undefined;
  const total = times.reduce((sum, time) => sum + time, 0);
  return { busy: total - (times[3] ?? 0) - (times[4] ?? 0), total };
}

/** Between two moments, from 0 to 1; undefined if no time has passed. */
export function busyShare(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total;
  // The kernel's count of idle time may step back a little.
  return total <= 0 ? undefined : Math.min(1, Math.max(0, (after.busy - before.busy) / total));
}

export interface MemoryFacts {
  readonly memoryTotalBytes: number;
  /** What a new workload could have: free memory, and what the kernel would give back. */
  readonly memoryAvailableBytes: number;
}

export async function memoryFacts(): Promise<MemoryFacts> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kiB = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return {
    memoryTotalBytes: totalmem(),
    memoryAvailableBytes: kiB === undefined ? freemem() : Number(kiB) * 1024,
  };
}

/** None where the folder is not there yet, such as that of a runtime that never ran. */
export async function diskFacts({ use, path }: { use: string; path: string }): Promise<DiskFacts[]> {
  try {
    const [{ bsize, blocks, bavail }, { dev }] = await Promise.all([statfs(path), stat(path)]);
    return [{ use, path, totalBytes: blocks * bsize, availableBytes: bavail * bsize, device: dev }];
  } catch {
    return [];
  }
}
