import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { type CompiledQuery, PostgresQueryCompiler } from "kysely";
import { expect, it, onTestFinished } from "vitest";
import { deployed, instanceOf, proposalFor, temporaryFolder } from "../test/temporary.ts";
import { openDatabase } from "./open-database.ts";
import type { Registry } from "./registry.ts";
import { registryOn } from "./registry-on.ts";

/** Every method once, and some in each of their forms. */
const uses: { [method in keyof Registry]?: (registry: Registry) => Promise<unknown> } = {
  services: async (r) => [await r.services(), await r.services(["a", "b"])],
  service: (r) => r.service("a"),
  revisions: (r) => r.revisions("a"),
  revision: (r) => r.revision("a", 1),
  revisionsOf: (r) =>
    r.revisionsOf([
      { service: "a", number: 1 },
      { service: "b", number: 2 },
    ]),
  addOperation: (r) => r.addOperation({ id: "1", requestId: "1", service: "a", kind: "stop", request: {} }),
  operation: (r) => r.operation("1"),
  operations: (r) => r.operations({ limit: 5, service: "a", unfinished: true }),
  setOperation: (r) => r.setOperation("1", { state: "failed" }),
  addSteps: (r) => r.addSteps("1", [{ number: 1, action: {}, reason: "", after: [] }]),
  setStep: (r) => r.setStep("1", 1, { state: "done" }),
  propose: async (r) =>
    r.propose(
      await proposalFor(r, "a", ["a"], {
        ports: [{ component: "a", address: "", port: 1, protocol: "tcp" }],
        sizes: [{ component: "a", memoryMiB: 64, vcpus: 1, isBeside: false }],
        addresses: [{ component: "a", subnet: { address: "10.99.0.1", prefixLength: 24 } }],
      }),
    ),
  reject: (r) => r.reject("a"),
  discard: (r) => r.discard("a"),
  accept: (r) => r.accept("a", { keep: ["a-1"] }),
  setDesired: async (r) => [await r.setDesired("a", "stopped"), await r.setDesired("a", "running", ["a"])],
  requestRestart: (r) => r.requestRestart("a", ["a"], 1),
  checkClaims: (r) => r.checkClaims({ service: "a", components: [], ports: [], sizes: [], addresses: [] }),
  newAddresses: (r) => r.newAddresses({ service: "a", addresses: [] }, 1),
  heldAddresses: (r) => r.heldAddresses(),
  promises: (r) => r.promises(),
  addInstance: (r) => r.addInstance(instanceOf("a", "a-1")),
  instance: (r) => r.instance("a-1"),
  setInstance: (r) => r.setInstance("a-1", { restarts: 1 }),
  removeInstance: (r) => r.removeInstance("a-1"),
  addEvents: (r) => r.addEvents([{ service: "a", component: "", kind: "", text: "" }]),
  events: (r) => r.events({ limit: 1, service: "a", sinceMs: 0, afterId: 0, newest: true }),
  prune: (r) =>
    r.prune({ maxEvents: 0, maxEventAgeMs: 0, maxOperationsPerService: 0, maxRevisionsPerService: 0 }),
  changeAlerts: (r) =>
    r.changeAlerts({
      set: [{ key: "a", content: {} }],
      remove: ["a"],
      deliveries: [{ channel: "a", message: {} }],
    }),
  alerts: (r) => r.alerts(),
  alertDeliveries: (r) => r.alertDeliveries(),
  endAlertDelivery: (r) => r.endAlertDelivery(1),
  setMeta: (r) => r.setMeta("a", "b"),
  meta: (r) => r.meta("a"),
  checkWritable: (r) => r.checkWritable(),
  forget: (r) => r.forget("a"),
};
// A copy of a PostgreSQL database is pg_dump's work, and closing is no query.
const withoutQueries: (keyof Registry)[] = ["snapshot", "close"];

it("every query also compiles for PostgreSQL, with nothing in it that only SQLite knows", async () => {
  const seen = new Map<string, CompiledQuery>();
  const clock = new FakeClock();
  const database = openDatabase({
    path: join(temporaryFolder(), "mcp.db"),
    clock,
    log: ({ query }) => void seen.set(query.sql, query),
  });
  onTestFinished(() => database.close());
  const registry = registryOn(database, clock, () => ({ memoryMiB: 1_000, vcpus: 8 }));
  expect([...Object.keys(uses), ...withoutQueries].sort()).toEqual(Object.keys(registry).sort());
  await deployed(registry, "a");
  for (const use of Object.values(uses)) await use(registry);

  expect(seen.size).toBeGreaterThan(50);
  for (const { query, queryId } of seen.values()) {
    const { sql } = new PostgresQueryCompiler().compileQuery(query as never, queryId);
    expect(sql).not.toMatch(/\?|\b(rowid|glob|json_\w+|pragma|insert or|replace into|ifnull|in \(\))\b/i);
  }
});
