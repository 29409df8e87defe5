import { readFile } from "node:fs/promises";
import type { Usage } from "@mcp/runtime";
import type { ProcessIdentity } from "./process/process-identity.ts";

/** In both the kernel has counted like this on x86 for as long as there has been a /proc. */
const ticksPerSecond = 100;
const pageBytes = 4_096;

/** What a machine's QEMU uses of the host: resident memory, and cpu since it was started. Undefined once it is gone. */
export async function usageOf(
  { pid }: ProcessIdentity,
  memoryMiB: number | undefined,
  startedAtMs: number | undefined,
  nowMs: number,
): Promise<Usage | undefined> {
  const [memory, stat] = await Promise.all(
    ["statm", "stat"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => undefined)),
  );
  if (memory === undefined || stat === undefined) return undefined;
  // The name in brackets may hold anything: the fields after it are counted from its last bracket (proc(5): 14, 15).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const seconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  const aliveSeconds = Math.max(0.001, (nowMs - (startedAtMs ?? nowMs)) / 1_000);
  return {
    memoryBytes: Number(memory.split(" ")[1]) * pageBytes,
    ...(memoryMiB !== undefined && { memoryLimitBytes: memoryMiB * 1024 * 1024 }),
    cpuCores: seconds / aliveSeconds,
  };
}
