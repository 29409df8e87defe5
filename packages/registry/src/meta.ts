import type { Queries, Reads } from "./database.ts";

export async function loadMeta(queries: Reads, key: string): Promise<string | undefined> {
  const row = await queries.selectFrom("meta").select("value").where("key", "=", key).executeTakeFirst();
  return row?.value;
}

export async function setMeta(queries: Queries, key: string, value: string): Promise<void> {
  await queries
    .insertInto("meta")
    .values({ key, value })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
    .execute();
}

/**
 * Write and delete something larger than a page: it must find room in the file and in the log, as a real change would.
 * An update in place, or a transaction that is rolled back, would pass on a full disk.
 */
export async function probeWrite(queries: Queries): Promise<void> {
  const key = "write-probe";
  await setMeta(queries, key, "x".repeat(8 * 1024));
  await queries.deleteFrom("meta").where("key", "=", key).execute();
}
