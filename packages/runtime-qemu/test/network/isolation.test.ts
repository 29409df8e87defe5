import { realClock } from "@mcp/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestsMissing } from "./namespace.ts";
import { bridge, NodeInNamespace, type NodeProcess } from "./node-in-namespace.ts";
import { Surroundings } from "./surroundings.ts";

const missing = await guestsMissing();
const [own, other] = ["10.99.0.2", "10.99.0.3"];

/** Where a guest may go, and everywhere that it may not. The program there answers with its name. */
const destinations = {
  "the allowed port of the gateway": [bridge.gateway, 8443, "host"],
  "another port of the gateway": [bridge.gateway, 8080, "host"],
  "the host's address on the overlay": ["10.200.0.1", 8443, "host"],
  "the host's address on the LAN": ["192.0.2.1", 8443, "host"],
  "a machine on the LAN": ["192.0.2.2", 8443, "lan"],
  "the metadata address": ["169.254.169.254", 8443, "lan"],
  "another guest": [other, 7, "guest"],
} as const;
type Place = keyof typeof destinations | "the gateway's link-local address" | "the gateway by ping";
const allowed = ["the allowed port of the gateway"];

describe.skipIf(missing)(`a guest on the bridge${missing ? ` (${missing})` : ""}`, () => {
  let host: NodeInNamespace;
  let around: Surroundings;
  let node: NodeProcess;
  /** Has no bridge, and so no rules: what talks to guests while no agent is there. */
  let bystander: NodeProcess;
  const network = { allow: ["8443"] };

  beforeAll(async () => {
    host = await NodeInNamespace.open();
    await host.makeBridge();
    around = await Surroundings.around(host.namespace);
    bystander = await host.bystander();
    for (const port of [8443, 8080]) await bystander.tell("listen", port);
    node = await host.start(network);
    await Promise.all([host.guest(2), host.guest(3)].map((spec) => node.tell("start", spec)));
  }, 180_000);
  afterAll(async () => {
    await host?.close();
    await around?.close();
  }, 60_000);

  /** All the places from which the guest gets an answer. */
  async function reached(): Promise<Place[]> {
    const tries = Object.entries(destinations).map(
      ([name, [address, port, says]]) =>
        `(echo echo guest | nc -w 6 ${address} ${port} 2>/dev/null | grep -q ${says} && echo "+${name}") &`,
    );
    const linkLocal = await linkLocalOf("mcp-br0");
    const script = [
      ...tries,
      `(ping6 -c 2 -W 6 -I eth0 ${linkLocal} >/dev/null 2>&1 && echo "+the gateway's link-local address") &`,
      `(ping -c 1 -W 6 ${bridge.gateway} >/dev/null 2>&1 && echo "+the gateway by ping") &`,
      "wait",
    ];
    const said = await bystander.tell("ask", own, `alias nc="busybox nc"; ${script.join("\n")}`);
    return [...said.matchAll(/^\+(.*)$/gm)].map(([, name]) => name as Place).sort();
  }

  async function linkLocalOf(device: string): Promise<string> {
    const text = await host.namespace.run(["ip", "-6", "-o", "addr", "show", "dev", device]);
    return /(fe80\S+)\//.exec(text)?.[1] ?? "";
  }

  /** What somebody gets who asks the guest's gateway in the guest's place, as `set` makes it: it is put back afterwards. */
  async function inDisguise(set: string, act: string): Promise<string> {
    const back =
      "ifconfig eth0 down; ifconfig eth0 hw ether 02:00:00:00:00:02; ifconfig eth0 10.99.0.2 netmask 255.255.255.0 up; route add default gw 10.99.0.1";
    await bystander.tell(
      "ask",
      own,
      `(sleep 1; ${set}; ${act} >/tmp/said 2>&1; ${back}; echo over >>/tmp/said) >/dev/null 2>&1 </dev/null &`,
    );
    await realClock.sleep(2_000);
    let said = "";
    await expect
      .poll(
        async () => {
          said = await bystander.tell("ask", own, "cat /tmp/said; rm -f /tmp/said").catch(() => "");
          return said;
        },
        { timeout: 20_000, interval: 500 },
      )
      .toContain("over");
    return said;
  }
  const byAnotherAddress = () =>
    inDisguise("ifconfig eth0 10.99.0.77 netmask 255.255.255.0", `busybox nc -w 2 ${bridge.gateway} 8443`);
  const byAnotherMac = () =>
    inDisguise(
      "ifconfig eth0 down; ifconfig eth0 hw ether 02:00:00:00:00:77; ifconfig eth0 up",
      `busybox nc -w 2 ${bridge.gateway} 8443`,
    );
  /** Of whom another guest is told that they are the gateway, while this one says that it is. */
  async function gatewaysSeen(): Promise<number> {
    // Meanwhile neither is reached: the one takes itself for the gateway, and the other may believe it.
    const claim = `ifconfig eth0:1 ${bridge.gateway} netmask 255.255.255.255 up; sleep 6; ifconfig eth0:1 down`;
    const look = `sleep 1; busybox arping -c 2 -w 3 -I eth0 ${bridge.gateway} >/tmp/gateways; sleep 4; arp -d ${bridge.gateway}`;
    await Promise.all(
      [
        [own, claim],
        [other, look],
      ].map(([who = "", act]) => bystander.tell("ask", who, `(${act}) >/dev/null 2>&1 </dev/null &`)),
    );
    await realClock.sleep(9_000);
    const said = await bystander.tell("ask", other, "cat /tmp/gateways");
    return new Set(said.match(/\[[0-9a-f:]{17}\]/gi)).size;
  }

  it("answers, and reaches the allowed port of its gateway and nothing else", async () => {
    expect(await reached()).toEqual(allowed);
  });

  it("is known to have its address, without anybody being asked", async () => {
    const asked = Array.from({ length: 9 }, (_, index) => `10.99.0.${index + 2}`);
    expect(await node.tell("answering", asked)).toEqual([own, other]);
  });

  it("gets no answer as anybody else, and is no gateway", async () => {
    expect(await byAnotherAddress()).not.toContain("host");
    expect(await byAnotherMac()).not.toContain("host");
    expect(await gatewaysSeen()).toBe(1);
    expect(await reached()).toEqual(allowed);
  }, 90_000);

  it("would reach all of it without the rules, once nobody looks after them", async () => {
    await node.close();
    await host.namespace.run(["nft", "flush", "ruleset"]);
    for (const tap of await host.namespace.taps())
      await host.namespace.run(["bridge", "link", "set", "dev", tap, "isolated", "off"]);
    expect(await reached()).toEqual(
      [...Object.keys(destinations), "the gateway by ping", "the gateway's link-local address"].sort(),
    );
    expect(await byAnotherAddress()).toContain("host");
    expect(await byAnotherMac()).toContain("host");
    expect(await gatewaysSeen()).toBe(2);
  }, 120_000);

  it("is as alone as before once an agent is back, its port isolated again", async () => {
    node = await host.start(network);
    await expect.poll(() => host.rulesAreThere(), { timeout: 10_000, interval: 50 }).toBe(true);
    expect(await reached()).toEqual(allowed);
    const ports = await host.namespace.run(["bridge", "-d", "link", "show"]);
    expect(ports.match(/isolated on/g)).toHaveLength(2);
  }, 60_000);

  it("is alone again within two seconds of somebody's flushing all rules", async () => {
    for (const flush of [
      ["flush", "ruleset"],
      ["flush", "table", "bridge", "mcp"],
      ["delete", "table", "inet", "mcp"],
    ]) {
      await host.namespace.run(["nft", ...flush]);
      const began = performance.now();
      await expect.poll(() => host.rulesAreThere(), { timeout: 5_000, interval: 20 }).toBe(true);
      expect(performance.now() - began).toBeLessThan(2_000);
    }
    expect(await reached()).toEqual(allowed);
    expect(await node.tell("heard")).toContainEqual(
      expect.objectContaining({
        outcome: "repaired",
        text: expect.stringContaining("the rules of mcp-br0 were changed"),
      }),
    );
  }, 60_000);

  it("leaves others' rules as they are when its own are put back", async () => {
    await host.namespace.run(
      ["nft", "-f", "-"],
      "table inet theirs { chain c { ip daddr 198.51.100.1 drop; }; }\n",
    );
    await host.namespace.run(["nft", "delete", "table", "inet", "mcp"]);
    await expect.poll(() => host.rulesAreThere(), { timeout: 5_000, interval: 20 }).toBe(true);
    expect(await host.namespace.run(["nft", "list", "table", "inet", "theirs"])).toContain("198.51.100.1");
  });

  it("is what the doctor sees", async () => {
    const checks = await node.tell("checks");
    expect(checks.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    expect(await node.tell("status")).toMatchObject({
      ...{ bridge: "mcp-br0", state: "ready", subnet: "10.99.0.1/24", allowed: ["8443/tcp"] },
      guests: [{ address: own }, { address: other }],
    });
  });
});
