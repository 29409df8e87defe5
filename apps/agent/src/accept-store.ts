import { storeKey } from "@mcp/agent";
import { isProblem } from "@mcp/base";
import { createLogger, realClock } from "@mcp/host";
import { type DatabaseLock, lockDatabase, openRegistry } from "@mcp/registry";
import type { AgentConfig } from "./config.ts";
import { wireRuntimes } from "./wire-runtimes.ts";

/** Take the store that each runtime shows now as the one that holds this node's workloads, also beside a running agent. */
export async function acceptStore(config: AgentConfig): Promise<void> {
  const path = config["database.path"];
  const lock = lockUnlessAgentRuns(path);
  try {
    if (!lock) await requireSameSchema(path);
    const registry = await openRegistry({ path, clock: realClock });
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
  } finally {
    lock?.release();
  }
}

function lockUnlessAgentRuns(path: string): DatabaseLock | undefined {
  try {
    return lockDatabase(path);
  } catch (thrown) {
    if (isProblem(thrown) && thrown.code === "database_in_use") return undefined;
    throw thrown;
  }
}

/** A newer program must not migrate the database of the agent that runs. @throws Problem `database_read_only` if it would. */
async function requireSameSchema(path: string): Promise<void> {
  await (await openRegistry({ path, clock: realClock, readOnly: true })).close();
}
