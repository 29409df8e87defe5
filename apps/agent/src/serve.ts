import { Agent } from "@mcp/agent";
import { createLogger, type Logger, realClock } from "@mcp/host";
import { openRegistry } from "@mcp/registry";
import type { AgentConfig } from "./config.ts";
import { listen } from "./listen.ts";
import { wireRuntimes } from "./wire-runtimes.ts";

/** Run the agent until SIGTERM or SIGINT. Workloads go on when it ends. */
export async function serve(config: AgentConfig, version: string): Promise<void> {
  const log = createLogger({ level: config["log.level"] });
  dieOnBugs(log);
  const stopped = stopSignal();
  const registry = await openRegistry({ path: config["database.path"], clock: realClock, agentVersion: version });
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
      disks: [{ use: "database", path: config["database.path"] }],
    });
    const server = await listen(config["server.socket"], agent);
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
