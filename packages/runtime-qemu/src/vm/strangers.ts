import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Stranger } from "@mcp/runtime";
import { asStateProblem } from "./state-problem.ts";
import { isInstanceName, VmFolder } from "./vm-folder.ts";

/**
 * Folders that have a name which a virtual machine could have, and hold none. One that cannot be read may be one of ours.
 *
 * @throws Problem `permission_denied`, `runtime_failed`.
 */
export async function findStrangers(stateDir: string, signal: AbortSignal): Promise<Stranger[]> {
  signal.throwIfAborted();
  const entries = await readdir(stateDir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw asStateProblem(error, stateDir);
  });
  const names = entries.filter((entry) => entry.isDirectory() && isInstanceName(entry.name));
  const found = await Promise.all(
    names.map(async ({ name }): Promise<Stranger[]> => {
      const inside = await readdir(VmFolder.of(stateDir, name).path).catch(() => undefined);
      if (!inside || inside.includes("vm.json")) return [];
      return [{ name, what: `folder in ${join(stateDir, "/")}`, imageReference: "" }];
    }),
  );
  return found.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}
