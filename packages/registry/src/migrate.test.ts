import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import BetterSqlite3 from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { problemOf, temporaryFolder } from "../test/temporary.ts";
import { migrations as released } from "./migrations/index.ts";
import { checksumOf, type Migration } from "./migrations/migration.ts";
import { openDatabase } from "./open-database.ts";

const clock = new FakeClock();
const addTable = (number: number): Migration => ({
  number,
  name: `table-${number}`,
  statements: [`create table extra_${number} (id integer primary key) strict`],
});
/** The released ones and then more, up to this number. */
const upTo = (number: number): Migration[] => [
  ...released,
  ...Array.from({ length: number - released.length }, (_, index) => addTable(released.length + 1 + index)),
];

async function openAndClose(path: string, migrations: readonly Migration[], agentVersion?: string) {
  await openDatabase({ path, clock, migrations, ...(agentVersion && { agentVersion }) }).close();
}

function query(path: string, sql: string): unknown[] {
  const db = new BetterSqlite3(path, { readonly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

const copiesOf = (path: string) =>
  readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${basename(path)}.`))
    .sort();
const newPath = () => join(temporaryFolder(), "mcp.db");
const last = released.length;

describe("migrations", () => {
  it("run in order and are recorded with their checksum", async () => {
    const path = newPath();
    const migrations = upTo(last + 2);
    await openAndClose(path, migrations, "1.2.3");
    expect(query(path, "select * from schema_migration order by number")).toEqual(
      migrations.map((each) => ({
        number: each.number,
        name: each.name,
        checksum: checksumOf(each),
        agent_version: "1.2.3",
        applied_at_ms: clock.now(),
      })),
    );
  });

  it("leave a new database without a copy", async () => {
    const path = newPath();
    await openAndClose(path, upTo(last + 2));
    expect(copiesOf(path)).toEqual([]);
  });

  it("copy a database aside before they change it, for this account alone", async () => {
    const path = newPath();
    await openAndClose(path, released);
    const before = openDatabase({ path, clock });
    await before.write((q) => q.insertInto("meta").values({ key: "a", value: "b" }).execute());
    await before.close();
    await openAndClose(path, upTo(last + 1));
    const copy = `${path}.before-${last + 1}`;
    expect(copiesOf(path)).toEqual([basename(copy)]);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(query(copy, "select * from meta")).toEqual([{ key: "a", value: "b" }]);
    expect(query(copy, "select max(number) as number from schema_migration")).toEqual([{ number: last }]);
    expect(query(path, "select max(number) as number from schema_migration")).toEqual([{ number: last + 1 }]);
  });

  it("make no copy when there is nothing to do", async () => {
    const path = newPath();
    await openAndClose(path, released);
    await openAndClose(path, released);
    expect(copiesOf(path)).toEqual([]);
  });

  it("keep the last three copies", async () => {
    const path = newPath();
    const newestOf = (number: number) => [2, 1, 0].map((n) => `mcp.db.before-${number - n}`).sort();
    for (let number = last; number <= last + 11; number++) {
      await openAndClose(path, upTo(number));
      if (number >= last + 3) expect(copiesOf(path)).toEqual(newestOf(number));
    }
  });

  it("change nothing when one of them fails, and work once it is mended", async () => {
    const path = newPath();
    await openAndClose(path, released);
    const bad: Migration = {
      number: last + 2,
      name: "bad",
      statements: ["create table half (id integer)", "insert into nowhere values (1)"],
    };
    await expect(openAndClose(path, [...upTo(last + 1), bad])).rejects.toThrow("nowhere");
    expect(query(path, "select max(number) as number from schema_migration")).toEqual([{ number: last }]);
    expect(query(path, "select name from sqlite_schema where name in ('half', 'extra_2')")).toEqual([]);
    await openAndClose(path, upTo(last + 2));
    expect(query(path, "select max(number) as number from schema_migration")).toEqual([{ number: last + 2 }]);
  });

  it("may rebuild a table that others refer to, and must leave nothing that refers to nothing", async () => {
    const path = newPath();
    await openAndClose(path, released);
    const database = openDatabase({ path, clock });
    await database.write(async (q) => {
      const service = { desired: "running", managed: "heal", last_revision: 1, updated_at_ms: 0 } as const;
      await q
        .insertInto("service")
        .values({ name: "hello", ...service })
        .execute();
      const revision = {
        created_at_ms: 0,
        state: "earlier",
        managed: "heal",
        origin: "",
        content: "{}",
      } as const;
      await q
        .insertInto("revision")
        .values({ service: "hello", number: 1, operation_id: "", ...revision })
        .execute();
    });
    await database.close();
    const emptied: Migration = { number: last + 1, name: "emptied", statements: ["delete from service"] };
    await expect(openAndClose(path, [...released, emptied])).rejects.toThrow("refer to nothing");
    const rebuilt: Migration = {
      number: last + 1,
      name: "rebuilt",
      statements: [
        "create table service_new as select * from service",
        "drop table service",
        "alter table service_new rename to service",
        "create unique index service_name on service (name)",
      ],
    };
    await openAndClose(path, [...released, rebuilt]);
    expect(query(path, "select name from service")).toEqual([{ name: "hello" }]);
  });

  it("are left alone by an older agent, which says what made them", async () => {
    const path = newPath();
    await openAndClose(path, upTo(last + 1), "2.0.0");
    expect(await problemOf(openAndClose(path, released, "1.0.0"))).toMatchObject({
      code: "database_newer",
      message: expect.stringContaining(`schema ${last + 1}, made by mcp-agent 2.0.0`),
      hint: expect.stringContaining("run mcp-agent 2.0.0 or newer"),
    });
    expect(existsSync(`${path}.before-${last + 1}`)).toBe(false);
  });

  it("say that a newer agent is needed when it did not leave its name", async () => {
    const path = newPath();
    await openAndClose(path, upTo(last + 1));
    expect(await problemOf(openAndClose(path, released))).toMatchObject({
      code: "database_newer",
      hint: expect.stringMatching(/^run a newer mcp-agent, or go back/),
    });
  });

  it("refuse a database that another form of them has made", async () => {
    const path = newPath();
    await openAndClose(path, upTo(last + 1));
    const edited: Migration = { ...addTable(last + 1), statements: ["create table extra (id integer)"] };
    expect(await problemOf(openAndClose(path, [...released, edited]))).toMatchObject({
      code: "database_failed",
      message: expect.stringContaining(`its schema ${last + 1} is not the one`),
    });
  });

  it("do not run for a reader, who is told so", async () => {
    const path = newPath();
    await openAndClose(path, released);
    const open = async () => openDatabase({ path, clock, readOnly: true, migrations: upTo(last + 1) });
    expect(await problemOf(open())).toMatchObject({
      code: "database_read_only",
      message: expect.stringContaining("older schema"),
    });
  });
});
