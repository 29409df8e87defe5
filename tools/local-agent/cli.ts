import { join } from "node:path";
import { run } from "@mcp/host";
import type { Places } from "./places.ts";

export interface Operation {
  readonly state: string;
  readonly steps: readonly unknown[];
  readonly notes: readonly string[];
}

/** What `tools/mcp <arguments> --json` prints. What it refuses is shown as it says it. */
export async function mcpJson<T>(places: Places, ...args: string[]): Promise<T> {
  const { stdout } = await run([join(places.checkout, "tools/mcp"), ...args, "--json"], {
    env: { MCP_CONFIG: places.cliConfig },
    timeoutMs: 300_000,
  });
  return JSON.parse(stdout) as T;
}
