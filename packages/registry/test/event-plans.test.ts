import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import BetterSqlite3 from "better-sqlite3";
import type { CompiledQuery } from "kysely";
import { expect, it, onTestFinished } from "vitest";
import type { EventFilter } from "../src/events.ts";
import { openDatabase } from "../src/open-database.ts";
import { registryOn } from "../src/registry-on.ts";
import { startMs, temporaryFolder } from "./temporary.ts";

/** How SQLite answers each query that one call makes. */
async function plansOf(filter: EventFilter): Promise<string[]> {
  const path = join(temporaryFolder(), "mcp.db");
  const asked: CompiledQuery[] = [];
  const clock = new FakeClock(startMs);
  const database = openDatabase({ path, clock, log: ({ query }) => void asked.push(query) });
  const registry = registryOn(database, clock);
  onTestFinished(() => registry.close());
  const filler = { service: "a", component: "web", kind: "started", text: "" };
  await registry.addEvents([filler]);
  clock.jump(10_000);
  await registry.addEvents(Array.from({ length: 50 }, () => filler));
  asked.length = 0;
  await registry.events(filter);
  const raw = new BetterSqlite3(path, { readonly: true });
  onTestFinished(() => void raw.close());
  return asked
    .filter(({ sql }) => sql.startsWith("select"))
    .flatMap(({ sql, parameters }) =>
      raw
        .prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
        .all(parameters)
        .map(({ detail }) => detail),
    );
}

const filters: readonly EventFilter[] = [
  {},
  { service: "a" },
  { service: "a", component: "web" },
  { sinceMs: startMs + 5_000 },
  { service: "a", sinceMs: startMs + 5_000 },
  { service: "a", component: "web", sinceMs: startMs + 5_000, afterId: 3 },
].flatMap((filter) => [
  { ...filter, limit: 10 },
  { ...filter, limit: 10, newest: true },
]);

it.each(filters)("no question for events reads or sorts all there are: %o", async (filter) => {
  const plans = await plansOf(filter);
  expect(plans.length).toBeGreaterThan(0);
  for (const plan of plans) {
    expect(plan).toMatch(/^SEARCH event/);
    expect(plan).not.toContain("TEMP B-TREE");
  }
  if (filter.service !== undefined)
    expect(plans).toContainEqual(expect.stringContaining("event_by_service (service=? AND id>?)"));
  if (filter.sinceMs !== undefined)
    expect(plans).toContainEqual("SEARCH event USING COVERING INDEX event_by_time (at_ms>?)");
});
