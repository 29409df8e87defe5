import { dirname } from "node:path";
import { Agent, exposeMetrics, machineCapacity, routesOf } from "@mcp/agent";
import { asProblem } from "@mcp/base";
import { createLogger, kernelHostPorts, type Logger, realClock } from "@mcp/host";
import { type DatabaseLock, lockDatabase, openRegistry, type Registry } from "@mcp/registry";
import type { AgentConfig } from "./config.ts";
import { connectHandler } from "./connect-handler.ts";
import { listen, requireFreeSocket } from "./listen.ts";
import { serveMetrics, withMetrics } from "./serve-metrics.ts";
import { wireAlerts } from "./wire-alerts.ts";
import { wireRuntimes } from "./wire-runtimes.ts";

/** Run the agent until SIGTERM or SIGINT. Workloads go on when it ends. */
export async function serve(config: AgentConfig, version: string): Promise<void> {
  const log = createLogger({ level: config["log.level"] });
  dieOnBugs(log);
  const stopped = stopSignal();
  const socket = config["server.socket"];
  await requireFreeSocket(socket);
  const { registry, lock } = await openAtLeastForReading(config["database.path"], version, log);
  const wired = wireRuntimes(config, log);
  try {
    const agent = new Agent({
      node: config["agent.node"],
      version,
      registry,
      ...wired.deps,
      hostPorts: kernelHostPorts,
      clock: realClock,
      log,
      allowedVolumes: config["volumes.allow"],
      random: Math.random,
      intervalMs: config["monitor.interval"],
      eventLimits: { maxEvents: config["monitor.events_max"], maxEventAgeMs: config["monitor.events_age"] },
      alerts: wireAlerts(config),
      limits: {
        diskFullPercent: config["monitor.disk_full_percent"],
        memoryLowPercent: config["monitor.memory_low_percent"],
      },
      boot: config["boot.sequence"],
      disks: [
        { use: "database", path: dirname(config["database.path"]) },
        { use: "vm state", path: config["vm.state_dir"] },
        { use: "vm images", path: config["vm.image_dir"] },
      ],
    });
    // What was left unfinished comes before whatever is asked from now on.
    await agent.start();
    const expose = () => exposeMetrics(agent);
    const handler = withMetrics(expose, log, connectHandler(routesOf(agent), log));
    const server = await listen(socket, handler).catch(async (thrown: unknown) => {
      await agent.stop();
      throw thrown;
    });
    const { signal } = agent.engine;
    const address = config["metrics.listen"];
    const metrics = address && serveMetrics(address, expose, { log, clock: realClock, signal });
    log.info("serving", { socket, node: config["agent.node"], version });
    log.info("stopping", { signal: await stopped });
    await agent.stop();
    await Promise.all([server.close(), metrics]);
  } finally {
    await wired.close();
    await registry.close();
    lock?.release();
  }
}

interface Opened {
  readonly registry: Registry;
  /** Absent where the disk is full or read-only: such an agent changes nothing. */
  readonly lock?: DatabaseLock;
}

/** With a full or read-only disk an agent can still say what runs, and what is wrong. */
async function openAtLeastForReading(path: string, agentVersion: string, log: Logger): Promise<Opened> {
  try {
    return await openLocked(path, agentVersion);
  } catch (thrown) {
    const { code, message } = asProblem(thrown);
    if (code !== "disk_full" && code !== "database_read_only") throw thrown;
    const registry = await openRegistry({
      path,
      clock: realClock,
      readOnly: true,
      capacity: machineCapacity,
    }).catch(() => {
      throw thrown;
    });
    log.error("the database cannot be written: nothing can be changed until the agent is started anew", {
      code,
      message,
    });
    return { registry };
  }
}

/** Locked first: a newer agent must not migrate the database under a running one. */
async function openLocked(path: string, agentVersion: string): Promise<Opened> {
  const lock = lockDatabase(path);
  try {
    const registry = await openRegistry({
      path,
      clock: realClock,
      agentVersion,
      capacity: machineCapacity,
    });
    return { registry, lock };
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
}

/** A bug may have left anything half done; the next start reads how far things came, so dying is the safe answer. */
function dieOnBugs(log: Logger): void {
  const die = (cause: unknown): void => {
    log.error("the agent met a bug and ends; what is unfinished is finished at its next start", { cause });
    process.exitCode = 1;
    process.kill(process.pid, "SIGKILL");
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
}
