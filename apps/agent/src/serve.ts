import { dirname } from "node:path";
import { Agent, routesOf } from "@mcp/agent";
import { asProblem } from "@mcp/base";
import { createLogger, type Logger, realClock } from "@mcp/host";
import { openRegistry, type Registry } from "@mcp/registry";
import type { AgentConfig } from "./config.ts";
import { listen } from "./listen.ts";
import { wireRuntimes } from "./wire-runtimes.ts";

/** Run the agent until SIGTERM or SIGINT. Workloads go on when it ends. */
export async function serve(config: AgentConfig, version: string): Promise<void> {
  const log = createLogger({ level: config["log.level"] });
  dieOnBugs(log);
  const stopped = stopSignal();
  const registry = await openAtLeastForReading(config["database.path"], version, log);
  const wired = wireRuntimes(config, log);
  try {
    const agent = new Agent({
      node: config["agent.node"],
      version,
      registry,
      ...wired.deps,
      clock: realClock,
      log,
      allowedVolumes: config["volumes.allow"],
      random: Math.random,
      intervalMs: config["monitor.interval"],
      disks: [{ use: "database", path: dirname(config["database.path"]) }],
    });
    const server = await listen(config["server.socket"], routesOf(agent));
    await agent.start();
    log.info("serving", { socket: config["server.socket"], node: config["agent.node"], version });
    log.info("stopping", { signal: await stopped });
    await agent.stop();
    await server.close();
  } finally {
    await wired.close();
    await registry.close();
  }
}

/** With a full or read-only disk an agent can still say what runs, and what is wrong. */
async function openAtLeastForReading(path: string, agentVersion: string, log: Logger): Promise<Registry> {
  try {
    return await openRegistry({ path, clock: realClock, agentVersion });
  } catch (thrown) {
    const { code, message } = asProblem(thrown);
    if (code !== "disk_full" && code !== "database_read_only") throw thrown;
    const registry = await openRegistry({ path, clock: realClock, readOnly: true }).catch(() => {
      throw thrown;
    });
    log.error("the database cannot be written: nothing can be changed until the agent is started anew", {
      code,
      message,
    });
    return registry;
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
