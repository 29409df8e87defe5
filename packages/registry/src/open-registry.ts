import type { Clock } from "@mcp/base";
import { openDatabase } from "./open-database.ts";
import type { Registry } from "./registry.ts";
import { registryOn } from "./registry-on.ts";
import type { Capacity } from "./sizes.ts";

export interface RegistryOptions {
  /** Of the database file. It is made with mode 0600 if missing, and its folder with 0711. */
  readonly path: string;
  readonly clock: Clock;
  /** For another program beside the agent. A file that was closed properly opens even on a read-only disk. */
  readonly readOnly?: boolean;
  /** Recorded with each migration, so that an older agent can say which one it takes. */
  readonly agentVersion?: string;
  /** What all virtual machines together may be promised, asked each time. Absent: as much as they want. */
  readonly capacity?: () => Capacity;
}

/**
 * Open the database, and bring its schema up to date; if it holds anything, after a copy beside it as
 * `<path>.before-<migration>`.
 *
 * @throws Problem `database_newer` if a newer agent has migrated it; `database_failed` if it is damaged, held by another
 *   program or no registry; `database_read_only`, `permission_denied`, `disk_full`; with `readOnly` also
 *   `file_not_found`, and `database_read_only` if its schema is an older one.
 * @example const registry = await openRegistry({ path: "/srv/mcp/mcp.db", clock: realClock });
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  return registryOn(openDatabase(options), options.clock, options.capacity);
}
