import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import BetterSqlite3 from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { deployed, open, problemOf, temporaryFolder } from "../test/temporary.ts";
import { openDatabase } from "./open-database.ts";
import { openRegistry } from "./open-registry.ts";

const clock = new FakeClock();
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("opening a registry", () => {
  it.each([0, 0o077])(
    "makes the file for this account alone, and a folder to pass through: umask %i",
    async (umask) => {
      const path = join(temporaryFolder(), "srv", "mcp", "mcp.db");
      const before = process.umask(umask);
      onTestFinished(() => void process.umask(before));
      const { registry } = await open({ path });
      await registry.setMeta("a", "b");
      expect(modeOf(dirname(path))).toBe("711");
      expect(modeOf(dirname(dirname(path)))).toBe("711");
      for (const file of [path, `${path}-wal`, `${path}-shm`])
        expect([file, modeOf(file)]).toEqual([file, "600"]);
    },
  );

  it("takes a file from other accounts that was open to them", async () => {
    const { registry, path } = await open();
    await registry.close();
    chmodSync(path, 0o644);
    const again = await open({ path });
    await again.registry.setMeta("a", "b");
    for (const file of [path, `${path}-wal`, `${path}-shm`])
      expect([file, modeOf(file)]).toEqual([file, "600"]);
  });

  it.each([0o700, 0o755])("leaves a folder that is there as it is: %i", async (mode) => {
    const folder = temporaryFolder();
    chmodSync(folder, mode);
    await open({ path: join(folder, "mcp.db") });
    expect(statSync(folder).mode & 0o777).toBe(mode);
  });

  it("follows a link to the file", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "elsewhere"));
    const real = join(folder, "elsewhere", "real.db");
    const first = await open({ path: real });
    await first.registry.setMeta("a", "b");
    await first.registry.close();
    symlinkSync(real, join(folder, "mcp.db"));
    const { registry } = await open({ path: join(folder, "mcp.db") });
    expect(await registry.meta("a")).toBe("b");
    expect(existsSync(`${real}-wal`)).toBe(true);
  });

  it("uses the settings of the platform", async () => {
    const database = openDatabase({ path: join(temporaryFolder(), "mcp.db"), clock });
    onTestFinished(() => database.close());
    const pragma = (name: string) => database.alone((raw) => raw.pragma(name, { simple: true }));
    expect(await pragma("journal_mode")).toBe("wal");
    expect(await pragma("foreign_keys")).toBe(1);
    expect(await pragma("busy_timeout")).toBe(5_000);
    // 1 is NORMAL.
    expect(await pragma("synchronous")).toBe(1);
  });

  it("keeps what was written, in one file once it is closed", async () => {
    const { registry, path } = await open();
    await deployed(registry, "hello");
    await registry.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    const again = await open({ path });
    expect((await again.registry.services()).map(({ name }) => name)).toEqual(["hello"]);
  });

  it("ends after the calls made before", async () => {
    const { registry, path } = await open();
    const writes = Array.from({ length: 50 }, (_, index) => registry.setMeta(`key-${index}`, "value"));
    await registry.close();
    await Promise.all(writes);
    const again = await open({ path });
    expect(await again.registry.meta("key-49")).toBe("value");
  });

  it("serves two processes' worth of connections at once", async () => {
    const { registry, path } = await open();
    const other = await open({ path });
    await registry.setMeta("a", "1");
    expect(await other.registry.meta("a")).toBe("1");
    await other.registry.setMeta("a", "2");
    expect(await registry.meta("a")).toBe("2");
  });
});

describe("opening a registry only to read", () => {
  it("reads beside a writer, and refuses to write", async () => {
    const { registry, path } = await open();
    await deployed(registry, "hello");
    const reader = await open({ path, readOnly: true });
    expect((await reader.registry.service("hello"))?.currentRevision).toBe(1);
    expect(await problemOf(reader.registry.setMeta("a", "b"))).toMatchObject({ code: "database_read_only" });
    await registry.setDesired("hello", "stopped");
    expect((await reader.registry.service("hello"))?.desired).toBe("stopped");
  });

  it("makes nothing where there is nothing", async () => {
    const path = join(temporaryFolder(), "mcp.db");
    expect(await problemOf(openRegistry({ path, clock, readOnly: true }))).toMatchObject({
      code: "file_not_found",
      message: `there is no database ${path}`,
    });
    expect(existsSync(path)).toBe(false);
  });
});

describe("opening what is no registry", () => {
  it("refuses a file that is no database, and leaves it alone", async () => {
    const path = join(temporaryFolder(), "mcp.db");
    writeFileSync(path, 'name = "hello"\n'.repeat(500));
    for (const readOnly of [false, true]) {
      expect(await problemOf(openRegistry({ path, clock, readOnly }))).toMatchObject({
        code: "database_failed",
        message: expect.stringContaining("it is not a database"),
      });
    }
    expect(readFileSync(path, "utf8")).toBe('name = "hello"\n'.repeat(500));
  });

  it("refuses a damaged database", async () => {
    const { registry, path } = await open();
    await deployed(registry, "hello");
    await registry.close();
    const content = readFileSync(path);
    content.fill(0xff, 100, 8_192);
    writeFileSync(path, content);
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({
      code: "database_failed",
      message: expect.stringContaining("it is damaged"),
      hint: expect.stringContaining("snapshot"),
    });
  });

  it("refuses the database of another program, and leaves it alone", async () => {
    const path = join(temporaryFolder(), "mcp.db");
    const other = new BetterSqlite3(path);
    other.exec("create table route (name text)");
    other.close();
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({
      code: "database_failed",
      message: expect.stringContaining("it belongs to another program"),
    });
    const left = new BetterSqlite3(path, { readonly: true });
    expect(left.prepare("select name from sqlite_schema").pluck().all()).toEqual(["route"]);
    left.close();
  });

  it("refuses a folder, and a name under a file", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(await problemOf(openRegistry({ path: folder, clock }))).toMatchObject({ code: "database_failed" });
    expect(await problemOf(openRegistry({ path: join(folder, "file", "mcp.db"), clock }))).toMatchObject({
      code: "database_failed",
    });
  });

  it("says that another program holds the lock", async () => {
    const { registry, path } = await open();
    const other = new BetterSqlite3(path);
    onTestFinished(() => void other.close());
    other.exec("begin immediate");
    const impatient = openDatabase({ path, clock, busyTimeoutMs: 20 });
    onTestFinished(() => impatient.close());
    const write = impatient.write((q) => q.insertInto("meta").values({ key: "a", value: "b" }).execute());
    expect(await problemOf(write)).toMatchObject({
      code: "database_failed",
      message: expect.stringContaining("another program holds its lock"),
      hint: expect.stringContaining("fuser"),
    });
    expect(await registry.services()).toEqual([]);
    other.exec("rollback");
    await impatient.write((q) => q.insertInto("meta").values({ key: "a", value: "b" }).execute());
    expect(await registry.meta("a")).toBe("b");
  });
});
