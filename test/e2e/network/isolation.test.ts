import { afterAll, describe, expect, it } from "vitest";
import { withNode } from "../node.ts";
import { listen, Neighbour } from "./neighbour.ts";
import {
  addressOf,
  ask,
  complaints,
  deployed,
  gateway,
  guest,
  here,
  lives,
  mcpAgent,
  restartWith,
  rulesAreThere,
} from "./on-bridge.ts";

const ends: (() => Promise<unknown>)[] = [];

const node = withNode({
  microvms: true,
  ownNetwork: true,
  async prepare() {
    await restartWith(node, 'allow = ["8443"]');
    expect(await mcpAgent(node, "network setup")).toMatchObject({ exitCode: 0 });
    await surround();
  },
});

/** A LAN and an overlay with somebody on each, programs of the node's own, and a host that makes it easy to get anywhere. */
async function surround(): Promise<void> {
  const lan = { device: "lan0", address: "192.0.2.2", alsoAt: "169.254.169.254" };
  const overlay = { device: "overlay0", address: "10.200.0.2" };
  const made = await Promise.all([
    Neighbour.of(here(node), { ...lan, node: { address: "192.0.2.1" } }),
    Neighbour.of(here(node), { ...overlay, node: { address: "10.200.0.1" } }),
  ]);
  ends.push(...made.map((each) => () => each.close()));
  for (const port of [8443, 8080]) ends.push(listen(here(node), port, "host"));
  // It routes, as one with containers does, and somebody has turned IPv6 on everywhere.
  await here(node).run(["ip", "link", "set", "mcp-br0", "addrgenmode", "eui64"]);
  const settings = ["net.ipv4.ip_forward=1", "net.ipv6.conf.mcp-br0.disable_ipv6=0"];
  await here(node).run(["sysctl", "-q", "-w", ...settings]);
}

const [own, other] = ["10.99.0.2", "10.99.0.3"];

/** Where a guest may go, and everywhere that it may not. Who is there says who he is. */
const destinations = {
  "the allowed port of the gateway": [gateway, 8443, "host"],
  "another port of the gateway": [gateway, 8080, "host"],
  "the host's address on the LAN": ["192.0.2.1", 8443, "host"],
  "somebody on the LAN": ["192.0.2.2", 8443, "neighbour"],
  "the host's address on the overlay": ["10.200.0.1", 8443, "host"],
  "somebody on the overlay": ["10.200.0.2", 8443, "neighbour"],
  "the metadata address": ["169.254.169.254", 8443, "neighbour"],
  "another guest": [other, 7, "guest"],
} as const;
type Place = keyof typeof destinations | "the host's link-local address" | "the gateway by ping";
const allowed = ["the allowed port of the gateway"];

/** All the places from which the guest gets an answer. */
async function reached(): Promise<Place[]> {
  const linkLocal = /(fe80\S+)\//.exec(await here(node).run(["ip", "-6", "addr", "show", "dev", "mcp-br0"]));
  const tries = Object.entries(destinations).map(
    ([name, [address, port, says]]) =>
      `(echo echo guest | nc -w 4 ${address} ${port} 2>/dev/null | grep -q ${says} && echo "+${name}") &`,
  );
  const script = [
    ...tries,
    `(ping6 -c 2 -W 4 -I eth0 ${linkLocal?.[1]} >/dev/null 2>&1 && echo "+the host's link-local address") &`,
    `(ping -c 1 -W 4 ${gateway} >/dev/null 2>&1 && echo "+the gateway by ping") &`,
    "wait",
  ];
  const said = await ask(node, own, script.join("\n"));
  return [...said.matchAll(/^\+(.*)$/gm)].map(([, name]) => name as Place).sort();
}

/** The tests of this suite tell one story, in order. */
describe("a virtual machine on a node's bridge, beside a LAN and an overlay", () => {
  afterAll(async () => {
    for (const end of ends) await end();
  }, 60_000);

  it("is deployed, has an address, and is reached there from its node", async () => {
    expect(await deployed(node, guest(node, "first"))).toEqual([`first/vm is on mcp-br0, at ${own}`]);
    expect(await deployed(node, guest(node, "second"))).toEqual([`second/vm is on mcp-br0, at ${other}`]);
    expect(await addressOf(node, "first")).toBe(own);
    const { instances } = await node.client.liveCheck({});
    expect(instances?.map(({ address }) => address).sort()).toEqual([own, other]);
    expect(await ask(node, other, "hostname; ifconfig eth0")).toContain(other);
  });

  it("reaches the allowed port of its gateway, and nothing and nobody else", async () => {
    expect(await reached()).toEqual(allowed);
    expect(await complaints(node)).toBe("");
  });

  it("does so while its agent is dead, and after it is back", async () => {
    const before = await lives(node, "first");
    await node.end("SIGKILL");
    expect(await reached()).toEqual(allowed);
    await node.start();
    expect(await reached()).toEqual(allowed);
    expect(await lives(node, "first")).toEqual(before);
  });

  it("does so again within two seconds of somebody's flushing all rules", async () => {
    await here(node).run(["nft", "flush", "ruleset"]);
    const began = performance.now();
    await expect.poll(() => rulesAreThere(node), { timeout: 5_000, interval: 20 }).toBe(true);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await reached()).toEqual(allowed);
  });

  it("would reach them all without rules and isolated ports, and reaches none once an agent is back", async () => {
    await node.end("SIGKILL");
    await here(node).run(["nft", "flush", "ruleset"]);
    for (const tap of await here(node).taps())
      await here(node).run(["bridge", "link", "set", "dev", tap, "isolated", "off"]);
    const everywhere = ["the host's link-local address", "the gateway by ping"];
    expect(await reached()).toEqual([...Object.keys(destinations), ...everywhere].sort());
    await node.start();
    await expect.poll(() => rulesAreThere(node), { timeout: 5_000, interval: 20 }).toBe(true);
    expect(await reached()).toEqual(allowed);
  });
});
