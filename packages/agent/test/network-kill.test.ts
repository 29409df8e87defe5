import { Operation_State } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { bridge, machine, type NetworkRig, openNetworkRig, openWithout } from "./network-rig.ts";
import { definition, last, newRequestId } from "./rig.ts";

/** What an agent that is killed anywhere leaves of addresses and devices, once the next one is done. */

const shop = (tag: number, ...more: readonly string[]) =>
  definition("shop", machine("a", tag), machine("b", 1), ...more.map((name) => machine(name, tag)));
const request = (toml: string) => ({ definition: { toml, file: "shop.toml", imageRegistry: "" } });

interface Scenario {
  readonly open: () => Promise<NetworkRig>;
  readonly before: (rig: NetworkRig) => Promise<unknown>;
  readonly ask: (rig: NetworkRig, requestId: string) => Parameters<typeof last>[0];
  readonly ends: keyof typeof Operation_State;
  /** By component. */
  readonly leaves: Readonly<Record<string, string>>;
}

const both = { a: "10.99.0.2", b: "10.99.0.3" };
const scenarios: Readonly<Record<string, Scenario>> = {
  "a first deploy": {
    open: openNetworkRig,
    before: async () => {},
    ask: (rig, requestId) => rig.client.deploy({ requestId, ...request(shop(1)) }),
    ends: "SUCCEEDED",
    leaves: both,
  },
  "an update": {
    open: openNetworkRig,
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) => rig.client.deploy({ requestId, ...request(shop(2, "c")) }),
    ends: "SUCCEEDED",
    leaves: { ...both, c: "10.99.0.4" },
  },
  "an update that fails": {
    open: openNetworkRig,
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) => rig.client.deploy({ requestId, ...request(shop(3, "c")) }),
    ends: "FAILED",
    leaves: both,
  },
  "a move onto the bridge": {
    open: openWithout,
    before: async (rig) => {
      await rig.deploy(shop(1));
      rig.network.bridge = bridge;
    },
    ask: (rig, requestId) => rig.client.deploy({ requestId, ...request(shop(1)) }),
    ends: "SUCCEEDED",
    leaves: both,
  },
  "an undeploy": {
    open: openNetworkRig,
    before: (rig) => rig.deploy(shop(1)),
    ask: (rig, requestId) => rig.client.undeploy({ requestId, service: "shop" }),
    ends: "SUCCEEDED",
    leaves: {},
  },
};

/** Returns the points that were passed before the agent stood still at its `killAt`th. */
async function run(
  scenario: Scenario,
  rig: NetworkRig,
  requestId: string,
  killAt: number,
): Promise<string[]> {
  rig.addImage(3, { failsToStart: "no kernel" });
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
  await Promise.race([last(scenario.ask(rig, requestId)).catch(() => {}), died]);
  return passed;
}

describe("kill -9 of the agent", () => {
  for (const [name, scenario] of Object.entries(scenarios))
    it(`between any two lines of ${name} on a bridge leaks no address and gives none twice`, async () => {
      await using whole = await scenario.open();
      const points = await run(scenario, whole, newRequestId(), Number.POSITIVE_INFINITY);
      expect(points.length).toBeGreaterThan(3);
      for (let killAt = 0; killAt < points.length; killAt++) {
        await using rig = await scenario.open();
        const requestId = newRequestId();
        await run(scenario, rig, requestId, killAt);
        await rig.life.kill();
        await rig.boot();
        const operation = await last(rig.client.watchOperation({ id: requestId }));
        const where = `killed at ${points[killAt]}, point ${killAt}`;
        expect(Operation_State[operation.state], where).toBe(scenario.ends);
        const held = await rig.life.registry.heldAddresses();
        expect(Object.fromEntries(held.map(({ component, address }) => [component, address])), where).toEqual(
          scenario.leaves,
        );
        const live = [...rig.network.guests.values()].map(({ address }) => address);
        expect(live.sort(), where).toEqual(Object.values(scenario.leaves));
        expect(rig.vms.violations, where).toEqual([]);
      }
    }, 120_000);
});
