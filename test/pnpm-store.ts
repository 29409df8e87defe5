import { dirname } from "node:path";
import { run } from "@mcp/host";
import { root } from "./architecture/tree.ts";

/**
 * An environment in which pnpm uses the store that the workspace was installed from. By itself it keeps one for each
 * file system, and temporary files are often on one of their own: everything would be fetched again.
 */
export async function workspaceStore(): Promise<Record<string, string>> {
  const { stdout } = await run(["pnpm", "store", "path"], { cwd: root });
  // It prints the folder of its current layout, within the one that is configured.
  return { pnpm_config_store_dir: dirname(stdout.trim()) };
}
