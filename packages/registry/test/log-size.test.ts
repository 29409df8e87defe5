import { statSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";
import { expect, it } from "vitest";
import { open } from "./temporary.ts";

const limitBytes = 5 * 1_048_576;
const walBytes = (path: string): number => statSync(`${path}-wal`).size;

it("a log that grew while somebody read comes back under its bound once nobody does", async () => {
  const { registry, path } = await open();
  const filler = { service: "a", component: "", kind: "filler", text: "x".repeat(1_000) };
  await registry.addEvents([filler]);
  const reader = new BetterSqlite3(path, { readonly: true });
  reader.exec("begin");
  reader.prepare("select count(*) from event").get();
  for (let round = 0; round < 20; round++)
    await registry.addEvents(Array.from({ length: 1_000 }, () => filler));
  expect(walBytes(path)).toBeGreaterThan(3 * limitBytes);
  reader.exec("commit");
  reader.close();
  // What an agent writes in an idle minute: the first folds the log in, the next begins it anew.
  for (let round = 0; round < 3; round++) await registry.addEvents([filler]);
  expect(walBytes(path)).toBeLessThan(limitBytes);
});

it("a burst that nobody reads leaves no large log", async () => {
  const { registry, path } = await open();
  const filler = { service: "a", component: "", kind: "filler", text: "x".repeat(1_000) };
  for (let round = 0; round < 200; round++)
    await registry.addEvents(Array.from({ length: 100 }, () => filler));
  expect(walBytes(path)).toBeLessThan(limitBytes);
});
