import type { Clock } from "@mcp/base";
import type { LogConfig } from "kysely";
import { connect } from "./connection.ts";
import { Database } from "./database.ts";
import { asDatabaseProblem } from "./database-problem.ts";
import { migrate } from "./migrate.ts";
import { migrations as released } from "./migrations/index.ts";
import type { Migration } from "./migrations/migration.ts";

export interface OpenDatabaseOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly readOnly?: boolean;
  readonly agentVersion?: string;
  readonly busyTimeoutMs?: number;
  readonly migrations?: readonly Migration[];
  readonly log?: LogConfig;
}

/** A connection with an up-to-date schema behind it. */
export function openDatabase(options: OpenDatabaseOptions): Database {
  const {
    path,
    clock,
    readOnly = false,
    busyTimeoutMs = 5_000,
    migrations = released,
    agentVersion,
  } = options;
  const connected = connect({ path, readOnly, busyTimeoutMs });
  try {
    migrate(connected, { migrations, clock, ...(agentVersion !== undefined && { agentVersion }) });
  } catch (error) {
    connected.db.close();
    throw asDatabaseProblem(error, connected.file);
  }
  return new Database(connected, options.log);
}
