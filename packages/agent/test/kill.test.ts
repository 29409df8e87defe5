import { Operation_State } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig } from "./rig.ts";

/** Two components, so that steps run side by side, and one that does not change. */
const shop = (tag: number, more = "") =>
  definition(
    "shop",
    `name = "db"\nimage = "localhost/db:1"`,
    `name = "api"\nimage = "localhost/api:${tag}"\ndepends_on = ["db"]\nports = ["127.0.0.1:18080:80"]${more}`,
    `name = "web"\nimage = "localhost/api:${tag}"\ndepends_on = ["api"]`,
  );

/** By a program that is found healthy, or not, with its first check. */
const checked = (program: "true" | "false"): string =>
  `\nhealth = { exec = ["${program}"], interval = "100ms", retries = 1, start_period = "0s" }`;

interface Scenario {
  /** What was there before. */
  readonly before: (rig: Rig) => Promise<unknown>;
  /** What is asked, with a request id by which it can be found again. */
  readonly ask: (rig: Rig, requestId: string) => AsyncIterable<{ readonly update?: unknown }>;
  readonly ends: keyof typeof Operation_State;
  /** What runs and what only is there in the end, by component and image. */
  readonly leaves: readonly string[];
}

const deploy = (rig: Rig, requestId: string, toml: string) =>
  rig.client.deploy({ requestId, definition: { toml, file: "shop.toml", imageRegistry: "" } });

const scenarios: Readonly<Record<string, Scenario>> = {
  "a first deploy": {
    before: async () => {},
    ask: (rig, requestId) => deploy(rig, requestId, shop(1)),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:1 running", "db localhost/db:1 running", "web localhost/api:1 running"],
  },
  "an update": {
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) => deploy(rig, requestId, shop(2)),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:2 running", "db localhost/db:1 running", "web localhost/api:2 running"],
  },
  "an update, start-first": {
    before: (rig) => rig.deploy(`update = "start-first"\n${shop(1)}`),
    ask: (rig, requestId) => deploy(rig, requestId, `update = "start-first"\n${shop(2)}`),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:2 running", "db localhost/db:1 running", "web localhost/api:2 running"],
  },
  "an update that fails": {
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) => deploy(rig, requestId, shop(3, '\nstart_period = "10s"')),
    ends: "FAILED",
    leaves: ["api localhost/api:1 running", "db localhost/db:1 running", "web localhost/api:1 running"],
  },
  "an update in which one waits for the health of another": {
    before: (rig) => rig.deploy(shop(1, checked("true"))),
    ask: (rig, requestId) => deploy(rig, requestId, shop(2, checked("true"))),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:2 running", "db localhost/db:1 running", "web localhost/api:2 running"],
  },
  "an update that is unhealthy": {
    before: (rig) => rig.deploy(shop(1, checked("true"))),
    ask: (rig, requestId) => deploy(rig, requestId, shop(2, checked("false"))),
    ends: "FAILED",
    leaves: ["api localhost/api:1 running", "db localhost/db:1 running", "web localhost/api:1 running"],
  },
  "a rollback": {
    before: async (rig) => {
      await rig.deploy(shop(1));
      await rig.deploy(shop(2));
    },
    ask: (rig, requestId) => rig.client.rollback({ requestId, service: "shop" }),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:1 running", "db localhost/db:1 running", "web localhost/api:1 running"],
  },
  "a stop": {
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) => rig.client.stop({ requestId, service: "shop" }),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:1 exited", "db localhost/db:1 exited", "web localhost/api:1 exited"],
  },
  "a start": {
    before: async (rig) => {
      await rig.deploy(shop(1));
      await last(rig.client.stop({ requestId: newRequestId(), service: "shop" }));
    },
    ask: (rig, requestId) => rig.client.start({ requestId, service: "shop" }),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:1 running", "db localhost/db:1 running", "web localhost/api:1 running"],
  },
  "a deploy of one component": {
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) =>
      rig.client.deploy({
        requestId,
        component: "api",
        definition: { toml: shop(2), file: "shop.toml", imageRegistry: "" },
      }),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:2 running", "db localhost/db:1 running", "web localhost/api:1 running"],
  },
  "a restart": {
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) => rig.client.restart({ requestId, service: "shop" }),
    ends: "SUCCEEDED",
    leaves: ["api localhost/api:1 running", "db localhost/db:1 running", "web localhost/api:1 running"],
  },
  "an undeploy": {
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) => rig.client.undeploy({ requestId, service: "shop" }),
    ends: "SUCCEEDED",
    leaves: [],
  },
};

async function openShop(): Promise<Rig> {
  const rig = await openRig();
  rig.host.addImage("localhost/db:1");
  rig.host.addImage("localhost/api:1");
  rig.host.addImage("localhost/api:2");
  rig.host.onExec = (_, [program]) => ({ exitCode: program === "true" ? 0 : 1, output: "" });
  rig.host.addImage("localhost/api:3", { exitsAfterMs: 5, exitCode: 9 });
  return rig;
}

/** Run a scenario in a life that stops dead at its `killAt`th fault point; returns the points that were passed. */
async function run(scenario: Scenario, rig: Rig, requestId: string, killAt: number): Promise<string[]> {
  await scenario.before(rig);
  await rig.life.kill();
  const passed: string[] = [];
  const { promise: died, resolve: die } = Promise.withResolvers<void>();
  await rig.boot({
    async faultPoint(where) {
      if (passed.length === killAt) {
        die();
        await new Promise(() => {});
      }
      passed.push(where);
    },
  });
  const asked = last(scenario.ask(rig, requestId) as Parameters<typeof last>[0]).catch(() => {});
  await Promise.race([asked, died]);
  return passed;
}

describe("kill -9 of the agent", () => {
  for (const [name, scenario] of Object.entries(scenarios))
    it(`between any two lines of ${name} leads to the same end`, async () => {
      await using whole = await openShop();
      const points = await run(scenario, whole, newRequestId(), Number.POSITIVE_INFINITY);
      expect(points.length).toBeGreaterThan(3);
      const revisions = await revisionsOf(whole);
      for (let killAt = 0; killAt < points.length; killAt++) {
        await using rig = await openShop();
        const requestId = newRequestId();
        await run(scenario, rig, requestId, killAt);
        await rig.life.kill();
        await rig.boot();
        const operation = await last(rig.client.watchOperation({ id: requestId }));
        const where = `killed at ${points[killAt]}, point ${killAt}`;
        expect(Operation_State[operation.state], where).toBe(scenario.ends);
        await expectEnd(rig, scenario.leaves, where);
        expect(await revisionsOf(rig), where).toEqual(revisions);
      }
    }, 120_000);
});

const revisionsOf = async (rig: Rig) =>
  (await rig.life.registry.revisions("shop")).map(({ number, state }) => `${number} ${state}`);

async function expectEnd(rig: Rig, leaves: readonly string[], where: string): Promise<void> {
  const found = rig.host.workloads.map(({ labels, imageReference, state }) =>
    [labels.component, imageReference, state].join(" "),
  );
  expect(found.sort(), where).toEqual(leaves);
  // Nothing orphaned: what the registry knows is what is there, one accepted instance for each component.
  const [record] = await rig.life.registry.services();
  const instances = record?.instances ?? [];
  expect(instances.map((instance) => instance.name).sort(), where).toEqual(
    rig.host.workloads.map((workload) => workload.name).sort(),
  );
  expect(
    instances.map(({ role }) => role),
    where,
  ).toEqual(instances.map(() => "current"));
  // Without these its log cannot be found, nor can the restart policy judge it.
  expect(
    instances.filter(({ startedAtMs }) => startedAtMs === undefined),
    where,
  ).toEqual([]);
  expect(record?.candidate, where).toBeUndefined();
  expect(rig.host.violations, where).toEqual([]);
}
