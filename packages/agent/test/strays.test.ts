import { Problem } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { definition, openRig, type Rig } from "./rig.ts";

/** What nobody asked this agent for: it is looked for when a test says so, and at no other time. */

const hello = definition("hello", 'name = "hello"\nimage = "localhost/hello:1"');

async function open(): Promise<Rig> {
  const rig = await openRig({ intervalMs: 3_600_000 });
  rig.host.addImage("localhost/hello:1");
  await rig.deploy(hello);
  rig.host.calls.length = 0;
  return rig;
}

async function addStray(rig: Rig, name: string): Promise<void> {
  const [{ spec: known } = { spec: undefined }] = (await rig.life.registry.service("hello"))?.instances ?? [];
  const spec = known as WorkloadSpec;
  const labels = { ...spec.labels, service: "old", component: "web", instance: name };
  rig.host.add({ ...spec, name, labels, ports: [] });
}

const look = ({ life }: Rig) => life.agent.node.lookForStrays();
const told = async (rig: Rig) => (await rig.client.listEvents({ service: "old" })).events;
const texts = async (rig: Rig) => (await told(rig)).map(({ text }) => text);
const touches = ({ host }: Rig) =>
  host.calls.filter(({ call }) => ["start", "stop", "remove", "pull"].includes(call)).map(({ call }) => call);
const there = "old-web.1 is labelled old/web, but this agent did not start it";
const gone = "old-web.1, which this agent did not start, is gone";

describe("what has labels of ours, and was started by nobody here", () => {
  it("is told once as unmanaged, is shown, never touched, and told when it is gone", async () => {
    await using rig = await open();
    await addStray(rig, "old-web.1");
    for (let looks = 0; looks < 3; looks++) await look(rig);
    expect(await told(rig)).toMatchObject([{ component: "web", drift: "unmanaged", text: there }]);
    const { unmanaged } = await rig.client.status({});
    expect(unmanaged.map(({ instance }) => instance)).toEqual(["old-web.1"]);
    expect((await rig.client.status({ service: "hello" })).unmanaged).toEqual([]);
    await rig.life.kill();
    await rig.boot();
    await look(rig);
    expect(await told(rig)).toHaveLength(1);
    rig.host.vanish("old-web.1");
    for (let looks = 0; looks < 3; looks++) await look(rig);
    expect(await texts(rig)).toEqual([there, gone]);
    expect((await told(rig)).at(-1)?.drift).toBe("");
    expect(touches(rig)).toEqual([]);
  });

  it("and went while no agent lived is told to be gone by the next one, once", async () => {
    await using rig = await open();
    await addStray(rig, "old-web.1");
    await look(rig);
    await rig.life.kill();
    rig.host.vanish("old-web.1");
    await rig.boot();
    await look(rig);
    await look(rig);
    expect(await texts(rig)).toEqual([there, gone]);
    await rig.life.kill();
    await rig.boot();
    await look(rig);
    expect(await texts(rig)).toEqual([there, gone]);
    await addStray(rig, "old-web.1");
    await look(rig);
    expect(await texts(rig)).toEqual([there, gone, there]);
  });

  it.each(["before", "after"])(
    "is told once where the agent is killed right %s that is kept",
    async (when) => {
      await using rig = await open();
      for (const change of [() => addStray(rig, "old-web.1"), () => rig.host.vanish("old-web.1")]) {
        await change();
        const { registry } = rig.life;
        const { setMeta } = registry;
        registry.setMeta = async (key, value) => {
          if (when === "after") await setMeta.call(registry, key, value);
          await rig.life.kill();
        };
        await look(rig).catch(() => {});
        await rig.boot();
        await look(rig);
      }
      expect(await texts(rig)).toEqual([there, gone]);
    },
  );

  it("is not gone because its runtime shows an error", async () => {
    await using rig = await open();
    await addStray(rig, "old-web.1");
    await look(rig);
    rig.host.fail("list", new Problem("runtime_unavailable", "it does not answer", "look at it"));
    await look(rig);
    expect(await texts(rig)).toEqual([there]);
  });
});

describe("what has no labels of ours", () => {
  it("is shown as a stranger, at most 50 with how many there are", async () => {
    await using rig = await open();
    for (let n = 10; n < 70; n++) rig.host.addStranger(`other-${n}`);
    const { strangers, strangerCount, unmanaged } = await rig.client.status({});
    expect({ shown: strangers.length, strangerCount, unmanaged }).toEqual({
      shown: 50,
      strangerCount: 60,
      unmanaged: [],
    });
    expect(strangers[0]).toMatchObject({ name: "other-10", what: "container", state: "running" });
    expect((await rig.client.status({ service: "hello" })).strangers).toEqual([]);
    const { checks } = await rig.client.doctor({});
    expect(checks.find(({ name }) => name === "services")?.text).toBe(
      "1, all as they should be; beside them, not ours: 60",
    );
    expect(touches(rig)).toEqual([]);
  });

  it("does not hold up a status where it cannot be asked for", async () => {
    await using rig = await open();
    rig.host.addStranger("other");
    rig.host.fail("strangers", "hang");
    const { strangers, services } = await rig.client.status({});
    expect({ strangers, services: services.length }).toEqual({ strangers: [], services: 1 });
  });
});
