import { Problem } from "@mcp/base";
import { expect, it } from "vitest";
import {
  addresses,
  ask,
  bridge,
  container,
  hello,
  machine,
  openNetworkRig,
  openWithout,
  plan,
  succeeded,
} from "./network-rig.ts";
import { definition, refusalOf, summary, until } from "./rig.ts";

/** A bridge that comes, moves and goes, and what becomes of the virtual machines. */

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

it("what others changed of the network, and was put back, is an event", async () => {
  await using rig = await openNetworkRig();
  const texts = async (kind: string) =>
    (await rig.client.listEvents({ limit: 50 })).events
      .filter((event) => event.kind === kind)
      .map(({ text }) => text);
  rig.network.tell({ atMs: 0, outcome: "repaired", text: "the rules of mcp-br0 were gone, and are back" });
  rig.network.tell({ atMs: 0, outcome: "failed", text: "the rules could not be put back" });
  await until("both are written", async () => (await texts("network_failed")).length > 0);
  expect(await texts("network_failed")).toEqual(["the rules could not be put back"]);
  expect(await texts("network_repaired")).toEqual(["the rules of mcp-br0 were gone, and are back"]);
});

it("a network that does not work is a condition, as is a bridge that is missed, until it is back", async () => {
  await using rig = await openNetworkRig(bridge, { intervalMs: 20 });
  const { network } = rig;
  await rig.deploy(hello());
  const codes = () => rig.life.agent.engine.conditions.all().map(({ code, text }) => `${code}: ${text}`);
  network.trouble = new Problem("bridge_unusable", "mcp-br0 has no address", "mcp-agent network setup");
  await until("it is told", () => codes().includes("network_failing: mcp-br0 has no address"));
  network.trouble = undefined;
  await until("it is over", () => codes().length === 0);
  network.bridge = undefined;
  await until("it is missed", () => codes().some((text) => text.includes("there is no bridge mcp-br0")));
});

it("node status shows the network, and what is given of it", async () => {
  await using rig = await openNetworkRig();
  rig.network.allowed = ["8443/tcp"];
  await rig.deploy(definition("hello", machine("a"), machine("b")));
  await ask(rig, "stop", "hello");
  const network = async () => (await rig.client.nodeStatus({})).node?.network;
  expect(await network()).toMatchObject({
    bridge: "mcp-br0",
    state: "ready",
    subnet: "10.99.0.1/24",
    addressesGiven: 2n,
    addressesTotal: 253n,
    allowed: ["8443/tcp"],
    guests: 0,
  });
  rig.network.bridge = undefined;
  expect(await network()).toMatchObject({ state: "absent", addressesTotal: 0n });
  expect((await rig.client.nodeStatus({})).node?.troubles).toMatchObject([
    { code: "network_failing", severity: "critical", hint: expect.stringContaining("network setup") },
  ]);
});
