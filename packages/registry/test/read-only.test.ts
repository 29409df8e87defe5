import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { describe, expect, it, onTestFinished } from "vitest";
import { openRegistry } from "../src/index.ts";
import { freeze, mountSmall, remount, requireRoot, thaw } from "./mounts.ts";
import { deployed, instanceOf, open, problemOf, proposalFor, temporaryFolder } from "./temporary.ts";

const clock = new FakeClock();

async function closedRegistry(folder: string): Promise<string> {
  const path = join(folder, "mcp.db");
  const registry = await openRegistry({ path, clock });
  await deployed(registry, "a");
  await registry.close();
  return path;
}

describe("a database that becomes read-only while it is open", () => {
  it("refuses every write and answers every read, until it can be written again", async (context) => {
    requireRoot(context);
    const { registry, path } = await open();
    await deployed(registry, "a");
    await registry.addInstance(instanceOf("a", "a-1"));
    const spare = await proposalFor(registry, "a");
    const before = await registry.services();
    const files = [path, `${path}-wal`];
    await freeze(context, files);
    const writes = [
      () => registry.propose(spare),
      () => registry.removeInstance("a-1"),
      () => registry.forget("a"),
      () => registry.checkWritable(),
    ];
    for (const write of writes) {
      expect(await problemOf(write())).toMatchObject({
        code: "database_read_only",
        message: `the database ${path} can be read but not written; nothing was changed`,
      });
      expect(await registry.services()).toEqual(before);
    }
    await thaw(files);
    expect(await registry.propose(spare)).toBe(2);
  });
});

describe("a database on a read-only file system", () => {
  it("is not opened to write, and can be read", async (context) => {
    requireRoot(context);
    const folder = await mountSmall(2_000);
    const path = await closedRegistry(folder);
    await remount(folder, "ro");
    onTestFinished(() => remount(folder, "rw"));
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({
      code: "database_read_only",
      hint: expect.stringContaining("findmnt"),
    });
    const { registry } = await open({ path, readOnly: true });
    expect(await registry.service("a")).toMatchObject({ currentRevision: 1 });
    expect(await problemOf(registry.forget("a"))).toMatchObject({ code: "database_read_only" });
    const copy = join(temporaryFolder(), "copy.db");
    await registry.snapshot(copy);
    expect(await (await open({ path: copy })).registry.service("a")).toBeDefined();
  });

  it("is not made", async (context) => {
    requireRoot(context);
    const folder = await mountSmall(2_000);
    await remount(folder, "ro");
    for (const path of [join(folder, "mcp.db"), join(folder, "mcp", "mcp.db")]) {
      expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({
        code: "database_read_only",
        message: `the database ${path} is not there and cannot be made: its file system is read-only`,
      });
    }
  });
});

describe("a file that may not be written", () => {
  it("is not opened to write, and can be read", async (context) => {
    requireRoot(context);
    const path = await closedRegistry(temporaryFolder());
    await freeze(context, [path]);
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({ code: "database_read_only" });
    expect(await (await open({ path, readOnly: true })).registry.service("a")).toBeDefined();
  });

  it("in a folder where nothing can be made can be read too", async (context) => {
    requireRoot(context);
    const folder = temporaryFolder();
    const path = await closedRegistry(folder);
    await freeze(context, [folder]);
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({ code: "database_read_only" });
    expect(await (await open({ path, readOnly: true })).registry.service("a")).toBeDefined();
    await freeze(context, [path]);
    expect(await (await open({ path, readOnly: true })).registry.service("a")).toBeDefined();
  });
});

describe("for an account without permission", () => {
  const asRoot = process.getuid?.() === 0;

  it("a database whose file or folder may not be written can be read", async (context) => {
    context.skip(asRoot, "root may write everything");
    const folder = temporaryFolder();
    const path = await closedRegistry(folder);
    onTestFinished(() => chmodSync(folder, 0o700));
    chmodSync(path, 0o400);
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({ code: "database_read_only" });
    chmodSync(folder, 0o500);
    expect(await (await open({ path, readOnly: true })).registry.service("a")).toBeDefined();
    chmodSync(path, 0o600);
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({ code: "database_read_only" });
  });

  it("a database that may not be read is refused", async (context) => {
    context.skip(asRoot, "root may read everything");
    const folder = temporaryFolder();
    const path = await closedRegistry(folder);
    onTestFinished(() => chmodSync(folder, 0o700));
    chmodSync(path, 0o000);
    for (const readOnly of [false, true]) {
      expect(await problemOf(openRegistry({ path, clock, readOnly }))).toMatchObject({
        code: "permission_denied",
      });
    }
    chmodSync(folder, 0o000);
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({ code: "permission_denied" });
    chmodSync(folder, 0o500);
    const beside = join(folder, "new.db");
    expect(await problemOf(openRegistry({ path: beside, clock }))).toMatchObject({
      code: "permission_denied",
    });
    chmodSync(folder, 0o700);
    expect(existsSync(beside)).toBe(false);
  });
});
