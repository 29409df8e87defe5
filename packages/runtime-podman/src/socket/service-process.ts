import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { withoutCapabilities } from "@mcp/host";

/** A process, told apart from a later one of the same id by the kernel's start time. */
export interface ProcessId {
  readonly pid: number;
  readonly startTime: string;
}

/**
 * Start `podman system service` in a session of its own, so that it outlives us; the containers' own supervisors
 * (conmon) do not depend on it. What it says goes to a file, which is begun anew each time.
 *
 * Rejects with node's error where podman is not installed.
 */
export async function spawnService(
  socketPath: string,
  logPath: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ChildProcess> {
  const log = openSync(logPath, "w", 0o600);
  try {
    const [program = "", ...args] = withoutCapabilities([
      ...["podman", "--log-level=error", "system", "service", "--time=0", `unix://${socketPath}`],
    ]);
    const child = spawn(program, args, {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...env },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Undefined once the process is gone; a zombie is gone. */
async function identify(pid: number): Promise<ProcessId | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The name in brackets may hold anything; the fields after its last bracket are counted from the third.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields?.[0], fields?.[19]];
  return startTime === undefined || state === "Z" ? undefined : { pid, startTime };
}

export async function isAlive(known: ProcessId): Promise<boolean> {
  return (await identify(known.pid))?.startTime === known.startTime;
}

/**
 * The processes of the service behind a socket of ours: without root podman is two, of which either may outlive the
 * other. Found by their arguments and not remembered, so that nothing about them can be out of date.
 */
export async function findService(socketPath: string): Promise<ProcessId[]> {
  const found: ProcessId[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const argv = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (!argv.includes(`unix://${socketPath}`) || !argv.includes("service")) continue;
    const owner = await stat(`/proc/${pid}`).catch(() => undefined);
    const known = owner?.uid === process.getuid?.() ? await identify(pid) : undefined;
    if (known) found.push(known);
  }
  return found;
}

/** Ask it to end, and kill it if it has not within `graceMs`. */
export async function endProcess(
  known: ProcessId,
  graceMs: number,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  for (const [signal, waitMs] of [
    ["SIGTERM", graceMs],
    ["SIGKILL", 2_000],
  ] as const) {
    try {
      process.kill(known.pid, signal);
    } catch {
      return;
    }
    for (let waited = 0; waited < waitMs; waited += 20) {
      if (!(await isAlive(known))) return;
      await sleep(20);
    }
  }
}
