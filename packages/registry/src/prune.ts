import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "@mcp/base";
import { sql } from "kysely";
import type { Database, Queries } from "./database.ts";
import { unfinishedStates } from "./operations.ts";

export interface PruneLimits {
  readonly maxEvents: number;
  readonly maxEventAgeMs: number;
  readonly maxOperationsPerService: number;
  readonly maxRevisionsPerService: number;
}

const batchSize = 200;
/** Stay however old they are: a clock that is far ahead must not empty the table. */
const keptWhateverAge = 1_000;

/** See `Registry.prune`. */
export async function prune(database: Database, clock: Clock, limits: PruneLimits): Promise<number> {
  return (
    (await pruneEvents(database, clock, limits)) +
    (await pruneOperations(database, limits.maxOperationsPerService)) +
    (await pruneRevisions(database, limits.maxRevisionsPerService))
  );
}

async function pruneEvents(database: Database, clock: Clock, limits: PruneLimits): Promise<number> {
  // Ids are given without gaps: to count a million rows would keep everybody waiting.
  const newest = await database.read((queries) =>
    queries.selectFrom("event").select(["id", "at_ms"]).orderBy("id", "desc").limit(1).executeTakeFirst(),
  );
  if (!newest) return 0;
  const lastTooMany = newest.id - limits.maxEvents;
  // From the newest event if the clock says later: only what is written after a jump of the clock can vouch for it.
  const before = Math.min(clock.now(), newest.at_ms) - limits.maxEventAgeMs;
  const lastByAge = newest.id - keptWhateverAge;
  const tooMany = await inBatches(database, (queries) =>
    queries
      .deleteFrom("event")
      .where("id", "in", (eb) =>
        eb.selectFrom("event").select("id").where("id", "<=", lastTooMany).orderBy("id").limit(batchSize),
      )
      .executeTakeFirst(),
  );
  const tooOld = await inBatches(database, (queries) =>
    queries
      .deleteFrom("event")
      .where("id", "in", (eb) =>
        eb
          .selectFrom("event")
          .select("id")
          .where("at_ms", "<", before)
          .where("id", "<=", lastByAge)
          .orderBy("at_ms")
          .limit(batchSize),
      )
      .executeTakeFirst(),
  );
  return tooMany + tooOld;
}

/** The newest ones of each service stay, and every one that is not at its end. */
async function pruneOperations(database: Database, keep: number): Promise<number> {
  const surplus = await database.read((queries) =>
    queries
      .selectFrom((eb) =>
        eb
          .selectFrom("operation")
          .select(["seq", "state", newestFirst("service", "seq")])
          .as("ranked"),
      )
      .select("seq")
      .where("rank", ">", keep)
      .where("state", "not in", unfinishedStates)
      .execute(),
  );
  return inChunks(database, surplus, (queries, chunk) =>
    queries
      .deleteFrom("operation")
      .where(
        "seq",
        "in",
        chunk.map(({ seq }) => seq),
      )
      .executeTakeFirst(),
  );
}

/** The newest ones of each service stay, also what is current, tried, or what an instance was made from. */
async function pruneRevisions(database: Database, keep: number): Promise<number> {
  const surplus = await database.read((queries) =>
    queries
      .selectFrom((eb) =>
        eb
          .selectFrom("revision")
          .select(["service", "number", "state", newestFirst("service", "number")])
          .as("ranked"),
      )
      .select(["service", "number"])
      .where("rank", ">", keep)
      .where("state", "in", ["earlier", "rejected"])
      .execute(),
  );
  return inChunks(database, surplus, async (queries, chunk) => {
    let numDeletedRows = 0n;
    for (const { service, number } of chunk) {
      const deleted = await queries
        .deleteFrom("revision")
        .where("service", "=", service)
        .where("number", "=", number)
        .where("state", "in", ["earlier", "rejected"])
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("instance")
                .select("name")
                .whereRef("instance.service", "=", "revision.service")
                .whereRef("instance.revision", "=", "revision.number"),
            ),
          ),
        )
        .executeTakeFirst();
      numDeletedRows += deleted.numDeletedRows;
    }
    return { numDeletedRows };
  });
}

const newestFirst = (group: string, order: string) =>
  sql<number>`row_number() over (partition by ${sql.ref(group)} order by ${sql.ref(order)} desc)`.as("rank");

/** Repeat a delete of at most `batchSize` rows until nothing is left of it, with a pause for others between. */
async function inBatches(
  database: Database,
  deleteBatch: (queries: Queries) => Promise<{ numDeletedRows: bigint }>,
): Promise<number> {
  for (let total = 0; ; await nextTurn()) {
    const { numDeletedRows } = await database.write(deleteBatch);
    total += Number(numDeletedRows);
    if (numDeletedRows < batchSize) return total;
  }
}

async function inChunks<T>(
  database: Database,
  surplus: readonly T[],
  deleteChunk: (queries: Queries, chunk: readonly T[]) => Promise<{ numDeletedRows: bigint }>,
): Promise<number> {
  let total = 0;
  for (let from = 0; from < surplus.length; from += batchSize) {
    const chunk = surplus.slice(from, from + batchSize);
    total += Number((await database.write((queries) => deleteChunk(queries, chunk))).numDeletedRows);
    await nextTurn();
  }
  return total;
}
