import { realClock } from "@mcp/host";
import { openRegistry } from "@mcp/registry";
import type { AgentConfig } from "./config.ts";

/** Copy the database to `to`, in one piece, while an agent may be writing to it. */
export async function takeSnapshot(config: AgentConfig, { to }: { readonly to?: string }): Promise<void> {
  const path = config["database.path"];
  const target = to ?? `${path}.${new Date(realClock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
  const registry = await openRegistry({ path, clock: realClock, readOnly: true });
  try {
    await registry.snapshot(target);
  } finally {
    await registry.close();
  }
  process.stdout.write(`${target}\n`);
}
