import { storeKey } from "@mcp/agent";
import { createLogger, realClock } from "@mcp/host";
import { openRegistry } from "@mcp/registry";
import type { AgentConfig } from "./config.ts";
import { wireRuntimes } from "./wire-runtimes.ts";

/** Take the store that each runtime shows now as the one that holds this node's workloads. */
export async function acceptStore(config: AgentConfig): Promise<void> {
  const registry = await openRegistry({ path: config["database.path"], clock: realClock });
  const wired = wireRuntimes(config, createLogger({ level: "warn" }));
  try {
    for (const { name, runtime } of wired.deps.runtimes) {
      const probe = await runtime.probe(AbortSignal.timeout(30_000));
      if (probe.ok) await registry.setMeta(storeKey(name), probe.store);
      process.stdout.write(`${name}: ${probe.ok ? probe.store : `not taken: ${probe.why}`}\n`);
    }
  } finally {
    await wired.close();
    await registry.close();
  }
}
