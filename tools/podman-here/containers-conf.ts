import { readFile } from "node:fs/promises";

/**
 * A `containers.conf` for `CONTAINERS_CONF`. Podman then reads no other, so it holds what differs from podman's own
 * defaults and nothing more.
 */
export function containersConf(runtime: string | undefined, ulimits: readonly string[]): string {
  const lines: string[] = [];
  if (ulimits.length > 0) lines.push("[containers]", `default_ulimits = ${JSON.stringify(ulimits)}`);
  if (runtime !== undefined) lines.push("[engine]", `runtime = ${JSON.stringify(runtime)}`);
  return `${lines.join("\n")}\n`;
}

/**
 * Limits that this process may give to others: podman's own defaults are higher, which needs CAP_SYS_RESOURCE. Podman
 * lowers its own limit of processes to what the kernel has numbers for, and can then give no more than that.
 */
export async function ownLimits(): Promise<string[]> {
  const table = await readFile("/proc/self/limits", "utf8");
  const hard = (name: string): number => {
    const value = new RegExp(`^${name} +\\S+ +(\\S+)`, "m").exec(table)?.[1] ?? "";
    return value === "unlimited" ? 1_048_576 : Number(value);
  };
  const files = hard("Max open files");
  const numbers = Number(await readFile("/proc/sys/kernel/pid_max", "utf8"));
  const processes = Math.min(hard("Max processes"), numbers);
  return [`nofile=${Math.min(1024, files)}:${files}`, `nproc=${processes}:${processes}`];
}
