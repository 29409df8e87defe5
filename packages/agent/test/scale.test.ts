import { run } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { Watch } from "../src/engine/watch.ts";
import { bootWithServices } from "./many-services.ts";
import type { PassCosts } from "./passes.ts";
import { openRig, type Rig, until } from "./rig.ts";

/** CI makes a tenth of the passes. */
const passes = process.env.MCP_SOAK === "1" ? 10_000 : 1_000;

async function costsOf(services: number, count: number): Promise<PassCosts> {
  const program = new URL("passes.ts", import.meta.url).pathname;
  const node = ["--expose-gc", "--max-semi-space-size=1", "--conditions=@mcp/source", "--import", "tsx"];
  const argv = [process.execPath, ...node, program, String(services), String(count)];
  const { stdout } = await run(argv, { timeoutMs: 900_000 });
  return JSON.parse(stdout) as PassCosts;
}

describe("an agent that has nothing to do", () => {
  it(`takes no more memory after ${passes} passes over twenty services`, async () => {
    const { heapMiB, residentMiB } = await costsOf(20, passes);
    expect(heapMiB).toBeLessThan(5);
    // In MiB; the limit is 10, and the rest is what a young process still settles into.
    expect(residentMiB).toBeLessThan(30);
  }, 920_000);

  it("passes over a thousand services in a time that grows with them, and no faster", async () => {
    const small = await costsOf(100, 100);
    const large = await costsOf(1_000, 100);
    // Ten times as many; its fixed part makes that less, and a part that grew with their square would make it a hundred.
    expect(large.cpuMs / small.cpuMs).toBeLessThan(25);
    // 1 % of a core is 300 ms of each half minute.
    expect(large.cpuMs).toBeLessThan(300);
  }, 920_000);
});

describe("a pass over a hundred services at rest", () => {
  async function openAtRest() {
    const rig = await openRig({ intervalMs: 3_600_000 });
    await bootWithServices(rig, 100);
    const { states } = rig.life.agent.engine;
    const looked: string[] = [];
    const look = states.look.bind(states);
    states.look = (service, ...more) => {
      looked.push(service);
      return look(service, ...more);
    };
    const watch = new Watch(rig.life.agent.engine);
    const settled = async () => {
      const before = looked.length;
      await watch.pass();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return looked.length === before;
    };
    await until("all are at rest", settled);
    looked.length = rig.host.calls.length = 0;
    return { rig, watch, looked, settled };
  }

  it("is one list, and a look at none", async () => {
    const { rig, looked, settled } = await openAtRest();
    await using _ = rig;
    expect(await settled()).toBe(true);
    expect(looked).toEqual([]);
    expect(rig.host.calls.map(({ call }) => call).sort()).toEqual(["list", "probe"]);
  });

  it.each([
    ["has ended", (name: string, { host }: Rig) => host.exit(name, 1)],
    ["is gone", (name: string, { host }: Rig) => host.vanish(name)],
    ["has another name", (name: string, { host }: Rig) => host.rename(name, "by-hand")],
    ["is to be stopped", (_: string, { life }: Rig) => life.registry.setDesired("s7", "stopped")],
  ])("finds the one that %s, though no event said so", async (_, change) => {
    const { rig, watch, looked } = await openAtRest();
    await using _rig = rig;
    rig.host.eventsAreMissed = true;
    const name = (await rig.life.registry.services(["s7"]))[0]?.instances[0]?.name ?? "";
    await change(name, rig);
    await watch.pass();
    await until("it is looked at", () => looked.includes("s7"));
    expect(new Set(looked)).toEqual(new Set(["s7"]));
  });

  it("looks at all of them while their runtime cannot be believed, and does nothing", async () => {
    const { rig, watch, looked } = await openAtRest();
    await using _ = rig;
    rig.host.store = "/another/store";
    await watch.pass();
    await until("all are looked at", () => new Set(looked).size >= 100);
    const acts = rig.host.calls.filter(({ call }) => ["start", "stop", "remove"].includes(call));
    expect(acts).toEqual([]);
  });
});
