import type { Bridge, WorkloadSpec } from "@mcp/runtime";
import { FakeNetwork } from "@mcp/runtime/fake";
import { expect, it } from "vitest";
import { definition, last, newRequestId, type Rig, refusalOf, summary } from "./rig.ts";
import { openVmRig, type VmRig, vm } from "./vm-rig.ts";

/** Virtual machines on a bridge: who is put there, at which address, and what is refused. */

const bridge: Bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
const succeeded = { state: "SUCCEEDED" };

interface NetworkRig extends VmRig {
  readonly network: FakeNetwork;
}

async function openNetworkRig(first: Bridge | undefined = bridge): Promise<NetworkRig> {
  const network = new FakeNetwork();
  network.bridge = first;
  const rig = await openVmRig({ network });
  for (const tag of [1, 2]) rig.addImage(tag);
  return Object.assign(rig, { network });
}

/** Before there is a bridge. */
const openWithout = async (): Promise<NetworkRig> => {
  const rig = await openNetworkRig();
  rig.network.bridge = undefined;
  return rig;
};

/** Without the note that its folder is not there. */
const machine = (name: string, tag = 1, ...more: readonly string[]) =>
  vm(name, 128, tag, "volumes = []", ...more);
const hello = (tag = 1, ...more: readonly string[]) => definition("hello", machine("web", tag, ...more));
const container = 'name = "db"\nimage = "localhost/hello:1"\nvolumes = []';
const one = (service: string) => definition(service, machine("vm"));
const plan = (rig: Rig, toml: string) =>
  rig.client.plan({ what: { case: "deploy", value: { toml, file: "a.toml" } } });
const ask = (rig: Rig, what: "stop" | "start" | "restart" | "undeploy" | "rollback", service: string) =>
  last(rig.client[what]({ requestId: newRequestId(), service }));

/** What the newest instance of each component was started with, by component. */
async function attachments(rig: Rig): Promise<Record<string, WorkloadSpec["attachment"]>> {
  const services = await rig.life.registry.services();
  return Object.fromEntries(
    services.flatMap(({ name, instances }) =>
      instances.map(({ component, spec }) => [`${name}/${component}`, (spec as WorkloadSpec).attachment]),
    ),
  );
}

const addresses = async (rig: Rig) =>
  Object.fromEntries(
    Object.entries(await attachments(rig)).map(([component, attachment]) => [component, attachment?.address]),
  );

it("a virtual machine is put on the bridge, with an address and a MAC of its own; a container is not", async () => {
  await using rig = await openNetworkRig();
  const done = await rig.deploy(definition("hello", machine("web"), container));
  expect(summary(done)).toMatchObject(succeeded);
  expect(done.notes).toEqual(["hello/web is on mcp-br0, at 10.99.0.2"]);
  expect(await attachments(rig)).toEqual({
    "hello/db": undefined,
    "hello/web": { bridge, address: "10.99.0.2", mac: "02:96:8e:74:14:e1" },
  });
});

it("its address and its MAC stay what they are from deploy to deploy", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(one("a"));
  await rig.deploy(hello());
  const before = (await attachments(rig))["hello/web"];
  await ask(rig, "undeploy", "a");
  const again = await rig.deploy(hello(2));
  expect(summary(again)).toMatchObject(succeeded);
  expect(again.notes).toEqual([]);
  expect(summary(await ask(rig, "rollback", "hello"))).toMatchObject(succeeded);
  expect((await attachments(rig))["hello/web"]).toEqual(before);
  expect(before?.address).toBe("10.99.0.3");
});

it("what is deployed again unchanged is left alone", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(hello());
  expect(summary(await rig.deploy(hello()))).toEqual({ ...succeeded, steps: [] });
  expect((await plan(rig, hello())).steps).toEqual([]);
});

it("an undeploy gives the address back", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(hello());
  await ask(rig, "undeploy", "hello");
  expect(await rig.life.registry.heldAddresses()).toEqual([]);
  await rig.deploy(one("b"));
  expect(await addresses(rig)).toEqual({ "b/vm": "10.99.0.2" });
  expect(rig.network.guests.size).toBe(1);
});

it("a failed deploy leaves the old one at its address, and gives back what only the new one had", async () => {
  await using rig = await openNetworkRig();
  rig.addImage(3, { failsToStart: "no kernel" });
  await rig.deploy(hello());
  const failed = await rig.deploy(definition("hello", machine("web", 3), machine("more", 3)));
  expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "start_failed" });
  expect(await rig.life.registry.heldAddresses()).toEqual([
    { service: "hello", component: "web", address: "10.99.0.2" },
  ]);
  expect([...rig.network.guests.values()].map(({ address }) => address)).toEqual(["10.99.0.2"]);
});

it("twenty that are deployed at once have twenty addresses", async () => {
  await using rig = await openNetworkRig();
  const names = Array.from({ length: 20 }, (_, index) => `vm-${index}`);
  const ends = await Promise.all(names.map((name) => rig.deploy(one(name))));
  expect(ends.every(({ problem }) => problem === undefined)).toBe(true);
  expect(new Set(Object.values(await addresses(rig))).size).toBe(20);
});

it("what was on user networking goes on there until its next deploy, which says so before", async () => {
  await using rig = await openWithout();
  await rig.deploy(hello());
  const [instance = ""] = rig.vms.running;
  rig.network.bridge = bridge;
  await ask(rig, "restart", "hello");
  await ask(rig, "stop", "hello");
  await ask(rig, "start", "hello");
  expect(rig.vms.running).toEqual([instance]);
  expect((await rig.client.status({})).services[0]?.components[0]?.drift).toEqual([]);
  expect(rig.network.guests.size).toBe(0);
  const { notes, steps } = await plan(rig, hello());
  const move = "moves from user networking to mcp-br0, at 10.99.0.2";
  expect(notes).toEqual([`hello/web ${move}`]);
  expect(steps.find(({ action }) => action === "start")?.reason).toBe(`it ${move}`);
  const done = await rig.deploy(hello());
  expect(done.notes).toEqual([`hello/web ${move}`]);
  expect(rig.vms.running).not.toEqual([instance]);
  expect(await addresses(rig)).toEqual({ "hello/web": "10.99.0.2" });
});

it("a deploy of one component leaves the network of the others as it was", async () => {
  await using rig = await openWithout();
  const both = definition("hello", machine("a"), machine("b"));
  await rig.deploy(both);
  rig.network.bridge = bridge;
  expect((await rig.deploy(both, { component: "b" })).notes).toEqual([
    "hello/b moves from user networking to mcp-br0, at 10.99.0.2",
  ]);
  expect(await addresses(rig)).toEqual({ "hello/a": undefined, "hello/b": "10.99.0.2" });
});

it("a port is refused, with why and what to do, by a deploy and by its plan", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(hello());
  const published = hello(2, 'ports = ["8080:80"]');
  for (const refused of [rig.deploy(published), plan(rig, published)])
    expect(await refusalOf(refused)).toMatchObject({
      code: "port_on_bridge",
      message: expect.stringContaining("component web publishes port 8080"),
      hint: expect.stringContaining("leave out ports"),
    });
  expect((await rig.client.listRevisions({ service: "hello" })).revisions).toHaveLength(1);
});

it("a port of a container, or of one that is not asked for, is none of the bridge's", async () => {
  await using rig = await openWithout();
  const parts = (port: number) => [
    machine("web", 1, 'ports = ["8080:80"]'),
    `${container}\nports = ["${port}:80"]`,
  ];
  await rig.deploy(definition("hello", ...parts(8_081)));
  rig.network.bridge = bridge;
  const toml = definition("hello", ...parts(8_082));
  expect(summary(await rig.deploy(toml, { component: "db" }))).toMatchObject(succeeded);
});

it("who is on the bridge is not taken off it because it is missing", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(hello());
  rig.network.bridge = undefined;
  const refused = { state: "FAILED", steps: [], problem: "bridge_missing" };
  const failed = await rig.deploy(hello(2));
  expect(summary(failed)).toEqual(refused);
  expect(failed.problem?.hint).toContain("mcp-agent network setup");
  expect(await refusalOf(plan(rig, hello(2)))).toMatchObject({ code: "bridge_missing" });
  expect(summary(await ask(rig, "restart", "hello"))).toEqual(refused);
  expect(rig.vms.running).toHaveLength(1);
});

it("who turns the bridge off gets it off there, by the next deploy", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(hello());
  rig.network.isOff = true;
  expect((await plan(rig, hello())).notes).toEqual(["hello/web moves from mcp-br0 to user networking"]);
  const published = hello(1, 'ports = ["8080:80"]');
  expect(summary(await rig.deploy(published))).toMatchObject(succeeded);
  expect(await addresses(rig)).toEqual({ "hello/web": undefined });
  expect(await rig.life.registry.heldAddresses()).toEqual([]);
});

it("a bridge that was named and is not there refuses every virtual machine, and no container", async () => {
  await using rig = await openWithout();
  rig.network.isNamed = true;
  expect(await refusalOf(rig.deploy(hello()))).toMatchObject({ code: "bridge_missing" });
  expect(summary(await rig.deploy(definition("db", container)))).toMatchObject(succeeded);
});

it("a bridge with another subnet gives another address, and a restart before that is refused", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(hello());
  rig.network.bridge = { ...bridge, gateway: "10.98.0.1" };
  const restarted = await ask(rig, "restart", "hello");
  expect(summary(restarted)).toMatchObject({ state: "FAILED", steps: [], problem: "bridge_unusable" });
  expect((await plan(rig, hello())).notes).toEqual([
    "hello/web moves on mcp-br0 from 10.99.0.2 to 10.98.0.2",
  ]);
  expect(summary(await rig.deploy(hello()))).toMatchObject(succeeded);
  expect(await addresses(rig)).toEqual({ "hello/web": "10.98.0.2" });
});

it("a rollback goes back to everything but the network, which is that of now", async () => {
  await using rig = await openWithout();
  await rig.deploy(hello(1));
  rig.network.bridge = bridge;
  await rig.deploy(hello(2));
  expect(summary(await ask(rig, "rollback", "hello"))).toMatchObject(succeeded);
  expect(await addresses(rig)).toEqual({ "hello/web": "10.99.0.2" });
  rig.network.bridge = undefined;
  expect(summary(await ask(rig, "rollback", "hello"))).toMatchObject({ problem: "bridge_missing" });
});

it("a rollback to what published a port is refused on a bridge, before anything is stopped", async () => {
  await using rig = await openWithout();
  await rig.deploy(hello(1, 'ports = ["8080:80"]'));
  rig.network.bridge = bridge;
  await rig.deploy(hello(2));
  expect(summary(await ask(rig, "rollback", "hello"))).toEqual({
    state: "FAILED",
    steps: [],
    problem: "port_on_bridge",
  });
  const asked = rig.client.plan({ what: { case: "rollback", value: { service: "hello" } } });
  expect(await refusalOf(asked)).toMatchObject({ code: "port_on_bridge" });
});

it("addresses that strangers answer for are passed over, however many there are, and asked for only once", async () => {
  await using rig = await openNetworkRig();
  for (let last = 2; last < 40; last++) rig.network.strangers.add(`10.99.0.${last}`);
  expect((await plan(rig, hello())).notes).toEqual(["hello/web is on mcp-br0, at 10.99.0.40"]);
  expect(summary(await rig.deploy(hello()))).toMatchObject(succeeded);
  expect(await addresses(rig)).toEqual({ "hello/web": "10.99.0.40" });
  const before = rig.network.probed.length;
  expect(summary(await rig.deploy(hello(2)))).toMatchObject(succeeded);
  expect(rig.network.probed).toHaveLength(before);
});

it("a bridge that is full refuses, and says who is on it", async () => {
  await using rig = await openNetworkRig({ ...bridge, prefixLength: 29 });
  await rig.deploy(definition("a", ...["1", "2", "3"].map((name) => machine(name))));
  await rig.deploy(definition("b", machine("1"), machine("2")));
  const why = "no address is left for hello/web: of the 5 of 10.99.0.1/29 a has 3, b has 2";
  const failed = await rig.deploy(hello());
  expect(summary(failed)).toEqual({ state: "FAILED", steps: [], problem: "addresses_exhausted" });
  expect(failed.problem?.message).toBe(why);
  expect((await plan(rig, hello())).blocked).toEqual([why]);
  await ask(rig, "undeploy", "b");
  expect(summary(await rig.deploy(hello()))).toMatchObject(succeeded);
});

it("start-first is stop-first where both have one address, and the plan says why", async () => {
  await using rig = await openNetworkRig();
  const first = (tag: number) => hello(tag, 'update = "start-first"');
  await rig.deploy(first(1));
  const why =
    "web: update is stop-first after all, since the old and the new one have the same address on mcp-br0";
  expect((await plan(rig, first(2))).notes).toEqual([why]);
  expect(summary(await rig.deploy(first(2)))).toMatchObject(succeeded);
  expect(rig.vms.mostAtOnce("hello/web")).toBe(1);
});

it("an agent that is started anew knows where its machines are", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(hello());
  await rig.life.kill();
  await rig.boot();
  await rig.deploy(one("b"));
  expect(await addresses(rig)).toEqual({ "hello/web": "10.99.0.2", "b/vm": "10.99.0.3" });
});
