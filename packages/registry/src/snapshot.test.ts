import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { deployed, open, problemOf, temporaryFolder } from "../test/temporary.ts";

const filler = (count: number) =>
  Array.from({ length: count }, () => ({
    service: "a",
    component: "",
    kind: "filler",
    text: "x".repeat(1_000),
  }));

describe("a snapshot", () => {
  it("is a registry of its own, for this account alone", async () => {
    const { registry } = await open();
    await deployed(registry, "hello");
    const copy = join(temporaryFolder(), "copy.db");
    await registry.snapshot(copy);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(copy))).toEqual(["copy.db"]);
    const opened = await open({ path: copy });
    expect(await opened.registry.services()).toEqual(await registry.services());
  });

  it("has what was written before it, and whole transactions only of what is written meanwhile", async () => {
    const { registry } = await open();
    await registry.addEvents(filler(8_000));
    await registry.setMeta("left", "0");
    await registry.setMeta("right", "0");
    const copy = join(temporaryFolder(), "copy.db");
    let isDone = false;
    const done = registry.snapshot(copy).finally(() => {
      isDone = true;
    });
    let writes = 0;
    for (; !isDone; writes++) {
      await registry.addEvents(filler(3));
      await new Promise(setImmediate);
    }
    await done;
    expect(writes).toBeGreaterThan(2);
    const db = new BetterSqlite3(copy, { readonly: true });
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    const events = db.prepare("select count(*) from event").pluck().get() as number;
    db.close();
    expect(events).toBeGreaterThanOrEqual(8_000);
    expect((events - 8_000) % 3).toBe(0);
  });

  it("does not hold up the process", async () => {
    const { registry } = await open();
    await registry.addEvents(filler(20_000));
    const copy = join(temporaryFolder(), "copy.db");
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    await registry.snapshot(copy);
    clearInterval(count);
    // 20 MB in steps of 1 MiB.
    expect(turns).toBeGreaterThan(5);
  });

  it("can be made by a reader beside the agent that writes", async () => {
    const { registry, path } = await open();
    await deployed(registry, "hello");
    const reader = await open({ path, readOnly: true });
    const copy = join(temporaryFolder(), "copy.db");
    await reader.registry.snapshot(copy);
    const opened = await open({ path: copy, readOnly: true });
    expect((await opened.registry.services()).map(({ name }) => name)).toEqual(["hello"]);
  });

  it("takes the place of an earlier one in one piece, also after a try that was cut off", async () => {
    const { registry } = await open();
    const copy = join(temporaryFolder(), "copy.db");
    await registry.snapshot(copy);
    writeFileSync(`${copy}.part`, "the rest of a try");
    await registry.setMeta("a", "b");
    await registry.snapshot(copy);
    expect(readdirSync(dirname(copy))).toEqual(["copy.db"]);
    expect(await (await open({ path: copy })).registry.meta("a")).toBe("b");
  });

  it("is finished before the registry is closed", async () => {
    const { registry } = await open();
    await registry.addEvents(filler(3_000));
    const copy = join(temporaryFolder(), "copy.db");
    const done = registry.snapshot(copy);
    await registry.close();
    expect(existsSync(copy)).toBe(true);
    await done;
  });

  it("never takes the place of the database itself", async () => {
    const { registry, path } = await open();
    await deployed(registry, "hello");
    const link = join(temporaryFolder(), "link.db");
    symlinkSync(path, link);
    for (const target of [path, link]) {
      expect(await problemOf(registry.snapshot(target))).toMatchObject({
        code: "usage",
        message: `${target} is the database itself`,
      });
    }
    expect(await registry.service("hello")).toBeDefined();
  });

  it("says that its folder is not there, and does not replace a folder", async () => {
    const { registry } = await open();
    const folder = temporaryFolder();
    expect(await problemOf(registry.snapshot(join(folder, "nowhere", "copy.db")))).toMatchObject({
      code: "file_not_found",
      hint: `make it: mkdir -p ${join(folder, "nowhere")}`,
    });
    mkdirSync(join(folder, "copy.db"));
    expect(await problemOf(registry.snapshot(join(folder, "copy.db")))).toMatchObject({
      code: "database_failed",
    });
    expect(readdirSync(folder)).toEqual(["copy.db"]);
  });

  it("of what was closed properly opens from a file alone", async () => {
    const { registry } = await open();
    await deployed(registry, "hello");
    const copy = join(temporaryFolder(), "copy.db");
    await registry.snapshot(copy);
    const moved = join(temporaryFolder(), "moved.db");
    writeFileSync(moved, readFileSync(copy));
    expect(await (await open({ path: moved, readOnly: true })).registry.service("hello")).toBeDefined();
  });
});
