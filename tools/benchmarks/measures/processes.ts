import { readFile } from "node:fs/promises";

const ticksPerSecond = 100;

async function statOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** CPU time that a process has used, in milliseconds, exact to 20. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await statOf(pid);
  return ((Number(stat[11]) + Number(stat[12])) * 1_000) / ticksPerSecond;
}

/** When a process was started, on the clock of `performance.now()`, exact to 20 ms. */
export async function startedAt(pid: number): Promise<number> {
  const [stat, uptime] = [await statOf(pid), await readFile("/proc/uptime", "utf8")];
  const age = Number(uptime.split(" ")[0]) - Number(stat[19]) / ticksPerSecond;
  return performance.now() - age * 1_000;
}

export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

export async function totalCpuMs(pids: readonly number[]): Promise<number> {
  return (await Promise.all(pids.map(cpuMs))).reduce((sum, ms) => sum + ms, 0);
}
