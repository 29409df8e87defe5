import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { FakeClock } from "@mcp/base/fake-clock";
import BetterSqlite3 from "better-sqlite3";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { problemOf, temporaryFolder } from "../test/temporary.ts";
import type { Database, Queries } from "./database.ts";
import { openDatabase } from "./open-database.ts";

let database: Database;
let path: string;

beforeEach(() => {
  path = join(temporaryFolder(), "mcp.db");
  database = openDatabase({ path, clock: new FakeClock(), busyTimeoutMs: 20 });
  onTestFinished(() => database.close());
});

const set = (queries: Queries, key: string, value = "value") =>
  queries
    .insertInto("meta")
    .values({ key, value })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
    .execute();
const keys = () =>
  database.read(async (q) =>
    (await q.selectFrom("meta").select("key").orderBy("key").execute()).map((row) => row.key),
  );

describe("a transaction", () => {
  it("is all or nothing", async () => {
    const failing = database.write(async (q) => {
      await set(q, "a");
      throw new Error("half way");
    });
    await expect(failing).rejects.toThrow("half way");
    expect(await keys()).toEqual([]);
    await database.write((q) => set(q, "b"));
    expect(await keys()).toEqual(["b"]);
  });

  it("has the database to itself, in the order of asking", async () => {
    await database.write((q) => set(q, "count", "0"));
    const seen: number[] = [];
    const add = (by: number) =>
      database.write(async (q) => {
        const { value } = await q
          .selectFrom("meta")
          .select("value")
          .where("key", "=", "count")
          .executeTakeFirstOrThrow();
        await set(q, "other", value);
        await set(q, "count", String(Number(value) + 1));
        seen.push(by);
      });
    await Promise.all(Array.from({ length: 300 }, (_, index) => add(index)));
    expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => index));
    const rows = await database.read((q) =>
      q.selectFrom("meta").selectAll().where("key", "=", "count").execute(),
    );
    expect(rows).toEqual([{ key: "count", value: "300" }]);
  });

  it("may start from any phase of the event loop", async () => {
    const started: Promise<unknown>[] = [];
    const start = (key: string) =>
      started.push(database.write(async (q) => [await set(q, key), await set(q, key, "again")]));
    start("now");
    process.nextTick(() => start("tick"));
    queueMicrotask(() => start("microtask"));
    setImmediate(() => start("immediate"));
    setTimeout(() => start("timer"), 1);
    await readFile("/proc/self/stat").then(() => start("file"));
    await sleep(20);
    await Promise.all(started);
    expect(await keys()).toEqual(["file", "immediate", "microtask", "now", "tick", "timer"]);
  });

  const pauses: Record<string, () => Promise<unknown>> = {
    "a timer": () => sleep(1),
    "an immediate": () => nextTurn(),
    "a file": () => readFile("/proc/self/stat"),
    "the next tick": () => new Promise<void>((resolve) => process.nextTick(resolve)),
    "another transaction": () => database.read((q) => q.selectFrom("meta").selectAll().execute()),
    "what never comes": () => new Promise(() => {}),
  };
  it.each(Object.entries(pauses))(
    "that waits for %s is rolled back and fails, and others go on",
    async (name, pause) => {
      const late: unknown[] = [];
      const paused = database.write(async (q) => {
        await set(q, "before");
        await pause();
        await set(q, "after").catch((error: unknown) => late.push(error));
      });
      const next = database.write((q) => set(q, "next"));
      await expect(paused).rejects.toThrow("waited for something other than its own queries");
      await next;
      await sleep(5);
      expect(await keys()).toEqual(["next"]);
      // What it tried after the pause was refused, and did not slip into somebody else's transaction.
      for (const error of late) expect(String(error)).toContain("already rolled back");
      const ranLate = ["a timer", "an immediate", "a file", "another transaction"].includes(name);
      expect(late.length > 0).toBe(ranLate);
    },
  );

  it("that only reads keeps one view of the database", async () => {
    const other = new BetterSqlite3(path);
    onTestFinished(() => void other.close());
    const views = await database.read(async (q) => {
      const before = await q.selectFrom("meta").selectAll().execute();
      other.exec("insert into meta values ('a', 'b')");
      return [before, await q.selectFrom("meta").selectAll().execute()];
    });
    expect(views).toEqual([[], []]);
    expect(await keys()).toEqual(["a"]);
  });

  it("that reads before it writes does not fail because another process wrote before it began", async () => {
    const other = new BetterSqlite3(path, { timeout: 20 });
    onTestFinished(() => void other.close());
    await database.write(async (q) => {
      await q.selectFrom("meta").selectAll().execute();
      expect(() => other.exec("insert into meta values ('a', 'b')")).toThrow("locked");
      await set(q, "c");
    });
    expect(await keys()).toEqual(["c"]);
  });

  it("that SQLite rolls back by itself fails with the reason, and not with a failed rollback", async () => {
    await database.alone((raw) =>
      raw.pragma(`max_page_count = ${raw.pragma("page_count", { simple: true })}`),
    );
    const filling = database.write(async (q) => {
      for (let index = 0; ; index++) await set(q, `key-${index}`, "x".repeat(5_000));
    });
    expect(await problemOf(filling)).toMatchObject({ code: "disk_full" });
    expect(await keys()).toEqual([]);
  });

  it("does not end with rows that refer to nothing", async () => {
    const orphan = database.write((q) =>
      q
        .insertInto("service")
        .values({
          name: "a",
          desired: "running",
          managed: "heal",
          last_revision: 1,
          current_revision: 7,
          updated_at_ms: 0,
        })
        .execute(),
    );
    await expect(orphan).rejects.toThrow("FOREIGN KEY");
    await database.write((q) => set(q, "next"));
    expect(await keys()).toEqual(["next"]);
  });
});
