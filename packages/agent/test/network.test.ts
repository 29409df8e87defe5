import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import {
  addresses,
  ask,
  attachments,
  bridge,
  container,
  hello,
  machine,
  one,
  openNetworkRig,
  openWithout,
  plan,
  succeeded,
} from "./network-rig.ts";
import { definition, refusalOf, summary } from "./rig.ts";

/** Virtual machines on a bridge: who is put there, at which address, and what is refused. */

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

it("its health is asked at its own address and port, with nothing published", async () => {
  // Everything in 127.0.0.0/8 is this machine.
  await using rig = await openNetworkRig({ ...bridge, gateway: "127.99.0.1" });
  const asked: string[] = [];
  const server = createServer((request, answer) => {
    asked.push(request.url ?? "");
    answer.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.99.0.2", resolve));
  const { port } = server.address() as AddressInfo;
  const health = `health = { http = "/ready", port = ${port}, interval = "100ms" }`;
  expect(summary(await rig.deploy(hello(1, health)))).toMatchObject(succeeded);
  expect(asked[0]).toBe("/ready");
  server.close();
});

it("ps and status show its address", async () => {
  await using rig = await openNetworkRig();
  await rig.deploy(definition("hello", machine("web"), container));
  const { instances } = await rig.client.liveCheck({});
  expect(instances.map(({ component, address }) => [component, address])).toEqual([
    ["db", ""],
    ["web", "10.99.0.2"],
  ]);
  const { services } = await rig.client.status({});
  expect(services[0]?.components.map(({ name, address }) => [name, address])).toEqual([
    ["web", "10.99.0.2"],
    ["db", ""],
  ]);
});

it("start-first needs no more room than stop-first where both have one address", async () => {
  await using rig = await openNetworkRig(bridge, { capacity: () => ({ memoryMiB: 200, vcpus: 4 }) });
  const first = (tag: number) => hello(tag, 'update = "start-first"');
  await rig.deploy(first(1));
  expect(summary(await rig.deploy(first(2)))).toMatchObject(succeeded);
});
