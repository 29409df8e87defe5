import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { describe, expect, it, onTestFinished } from "vitest";
import { openRegistry, type Registry } from "../src/index.ts";
import { migrations } from "../src/migrations/index.ts";
import type { Migration } from "../src/migrations/migration.ts";
import { openDatabase } from "../src/open-database.ts";
import { registryOn } from "../src/registry-on.ts";
import { fillUp, mountSmall, requireRoot } from "./mounts.ts";
import { deployed, instanceOf, open, problemOf, proposalFor, temporaryFolder } from "./temporary.ts";

const clock = new FakeClock();
const large = (text: string) => [{ service: "a", component: "", kind: "large", text: text.repeat(10_000) }];

/** Write until it fails, and say with what. */
async function writeUntilFull(registry: Registry) {
  for (let count = 0; count < 10_000; count++) {
    const failure = await registry.addEvents(large("x")).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure) return problemOf(Promise.reject(failure));
  }
  return expect.fail("it was never full");
}

/** Whatever changes what is wanted or what runs fails, and nothing of it happens. */
async function everythingIsRefusedAndReads(
  registry: Registry,
  spare: Awaited<ReturnType<typeof proposalFor>>,
) {
  const before = await registry.services();
  expect(before).toHaveLength(1);
  const writes = [
    () => registry.propose(spare),
    () => registry.addInstance(instanceOf("a", "a-2", { spec: "y".repeat(10_000) })),
    () => registry.addEvents(large("y")),
    () => registry.checkWritable(),
  ];
  for (const write of writes) {
    const problem = await problemOf(write());
    expect(problem).toMatchObject({ code: "disk_full", hint: expect.stringMatching(/^make room: df -h /) });
    expect(problem.message).toMatch(/^no space left for the database .*; nothing was changed$/);
    expect(await registry.services()).toEqual(before);
    expect(await registry.revision("a", 1)).toBeDefined();
    expect((await registry.events({ limit: 1_000 })).every(({ text }) => text.startsWith("x"))).toBe(true);
  }
}

describe("a full disk", () => {
  it("refuses every write and answers every read, and is over when there is room again", async (context) => {
    requireRoot(context);
    const folder = await mountSmall(600);
    const { registry, path } = await open({ path: join(folder, "mcp.db") });
    await deployed(registry, "a");
    await registry.addInstance(instanceOf("a", "a-1"));
    const spare = await proposalFor(registry, "a", ["a"], { content: "y".repeat(10_000) });
    const filler = fillUp(folder);
    expect(await writeUntilFull(registry)).toMatchObject({ code: "disk_full" });
    await everythingIsRefusedAndReads(registry, spare);

    rmSync(filler);
    await registry.checkWritable();
    expect(await registry.propose(spare)).toBe(2);
    await registry.close();
    const again = await open({ path });
    expect(await again.registry.service("a")).toMatchObject({
      currentRevision: 1,
      candidate: { revision: 2 },
    });
  });

  it("does not keep a registry from closing, nor lose what was written", async (context) => {
    requireRoot(context);
    const folder = await mountSmall(600);
    const path = join(folder, "mcp.db");
    const registry = await openRegistry({ path, clock });
    await deployed(registry, "a");
    const filler = fillUp(folder);
    await registry.close();
    rmSync(filler);
    expect(await (await open({ path })).registry.service("a")).toBeDefined();
  });

  it("does not keep anybody from reading a registry that was closed", async (context) => {
    requireRoot(context);
    const folder = await mountSmall(600);
    const path = join(folder, "mcp.db");
    const registry = await openRegistry({ path, clock });
    await deployed(registry, "a");
    await registry.close();
    fillUp(folder);
    expect(await problemOf(openRegistry({ path, clock }))).toMatchObject({ code: "disk_full" });
    const reader = await open({ path, readOnly: true });
    expect(await reader.registry.service("a")).toMatchObject({ currentRevision: 1 });
  });

  it("is said when a new registry does not fit", async (context) => {
    requireRoot(context);
    const folder = await mountSmall(600);
    fillUp(folder);
    expect(await problemOf(openRegistry({ path: join(folder, "mcp.db"), clock }))).toMatchObject({
      code: "disk_full",
    });
  });

  it("stops a migration before it changes anything, and leaves no half copy", async (context) => {
    requireRoot(context);
    const folder = await mountSmall(600);
    const path = join(folder, "mcp.db");
    const before = await openRegistry({ path, clock });
    await deployed(before, "a");
    await before.addEvents(Array.from({ length: 25 }, () => large("x")).flat());
    await before.close();
    const more: Migration = {
      number: migrations.length + 1,
      name: "more",
      statements: ["create table more (a)"],
    };
    const migrated = async () => openDatabase({ path, clock, migrations: [...migrations, more] });
    expect(await problemOf(migrated())).toMatchObject({ code: "disk_full" });
    expect(readdirSync(folder).filter((name) => name.includes("before"))).toEqual([]);
    expect(await (await open({ path })).registry.service("a")).toBeDefined();
  });

  it("refuses a snapshot and leaves the earlier one", async (context) => {
    requireRoot(context);
    const folder = await mountSmall(400);
    const { registry } = await open();
    const copy = join(folder, "copy.db");
    await registry.snapshot(copy);
    await registry.addEvents(Array.from({ length: 60 }, () => large("x")).flat());
    expect(await problemOf(registry.snapshot(copy))).toMatchObject({ code: "disk_full" });
    expect(readdirSync(folder)).toEqual(["copy.db"]);
    expect(await (await open({ path: copy, readOnly: true })).registry.events({ limit: 100 })).toEqual([]);
  });
});

describe("a database that may not grow", () => {
  it("refuses every write that needs room and answers every read", async () => {
    const path = join(temporaryFolder(), "mcp.db");
    const database = openDatabase({ path, clock });
    const registry = registryOn(database, clock);
    onTestFinished(() => registry.close());
    await deployed(registry, "a");
    const spare = await proposalFor(registry, "a", ["a"], { content: "y".repeat(10_000) });
    await database.alone((raw) => raw.pragma("max_page_count = 60"));
    expect(await writeUntilFull(registry)).toMatchObject({ code: "disk_full" });
    await everythingIsRefusedAndReads(registry, spare);
    await database.alone((raw) => raw.pragma("max_page_count = 1000000"));
    expect(await registry.propose(spare)).toBe(2);
    expect(existsSync(path)).toBe(true);
  });
});
