import { readdir } from "node:fs/promises";
import { Problem } from "@mcp/base";
import { isInstanceName } from "./vm-folder.ts";

/**
 * The names in a state folder that virtual machines may have. None where there is no such folder.
 * @throws Problem `runtime_unavailable` if it cannot be read.
 */
export async function instanceNames(stateDir: string): Promise<readonly string[]> {
  const names = await readdir(stateDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new Problem(
      "runtime_unavailable",
      `the state of virtual machines cannot be read: ${error.message}`,
      `look at: ls -ld ${stateDir}`,
      { cause: error },
    );
  });
  return names.filter(isInstanceName);
}
