import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { guestsMissing, Namespace, networkMissing } from "./namespace.ts";
import { NodeInNamespace } from "./node-in-namespace.ts";

const missing = await networkMissing();
const noGuests = await guestsMissing();

describe.skipIf(missing)(
  `a host whose bridge is not as it should be${missing ? ` (${missing})` : ""}`,
  () => {
    let host: NodeInNamespace;
    beforeEach(async () => {
      host = await NodeInNamespace.open();
    });
    afterEach(() => host?.close(), 60_000);
    const ip = (...lines: readonly string[]) =>
      host.namespace.run(["ip", "-batch", "-"], `${lines.join("\n")}\n`);

    it("has none where there is none, and that is a problem only where it was named", async () => {
      const node = await host.start();
      expect(await node.tell("find")).toBeFalsy();
      expect(await node.tell("status")).toMatchObject({ state: "absent", guests: [] });
      expect(await node.tell("checks")).toMatchObject([{ name: "network: bridge", outcome: "ok" }]);
      const named = await host.start({ isNamed: true });
      await expect(named.tell("find")).rejects.toMatchObject({
        code: "bridge_missing",
        hint: expect.stringContaining("mcp-agent network setup"),
      });
      expect(await named.tell("status")).toMatchObject({
        state: "failing",
        why: "there is no bridge mcp-br0 on this host",
      });
      // Nothing was done to a host that has no bridge.
      expect(await host.namespace.run(["nft", "list", "ruleset"])).toBe("");
    });

    it.each([
      ["without an address", [], "has no IPv4 address"],
      ["of a /30", ["addr add 10.99.0.1/30 dev mcp-br0"], "a subnet of /30"],
      ["of a /31", ["addr add 10.99.0.1/31 dev mcp-br0"], "a subnet of /31"],
      [
        "with two addresses",
        ["addr add 10.99.0.1/24 dev mcp-br0", "addr add 10.98.0.1/24 dev mcp-br0"],
        "more IPv4 addresses than one",
      ],
      ["that is down", ["addr add 10.99.0.1/24 dev mcp-br0", "link set mcp-br0 down"], "is down"],
      [
        "with a spanning tree",
        ["addr add 10.99.0.1/24 dev mcp-br0", "link set mcp-br0 type bridge stp_state 1"],
        "spanning tree",
      ],
    ])("says so of a bridge %s", async (_, lines, why) => {
      await ip("link add mcp-br0 type bridge", "link set mcp-br0 up", ...lines);
      const node = await host.start();
      await expect(node.tell("find")).rejects.toMatchObject({
        code: "bridge_unusable",
        message: expect.stringContaining(why),
      });
      expect(await node.tell("status")).toMatchObject({
        state: "failing",
        why: expect.stringContaining(why),
      });
    });

    it("says so where the name is no bridge's", async () => {
      await ip("link add mcp-br0 type veth peer name other");
      const node = await host.start();
      await expect(node.tell("find")).rejects.toMatchObject({ code: "bridge_unusable" });
    });

    it("says so where the agent may not change the network, and how to allow it", async () => {
      await host.makeBridge();
      const node = await host.start({}, { user: "" }, withoutCapability);
      await expect(node.tell("find")).rejects.toMatchObject({
        code: "network_not_permitted",
        hint: expect.stringContaining("AmbientCapabilities=CAP_NET_ADMIN"),
      });
      const failed = (await node.tell("checks")).filter(({ outcome }) => outcome !== "ok");
      expect(failed.map(({ name }) => name)).toContain("network: permission");
    });

    it("hears who answers for an address already, and forgets what it has heard", async () => {
      await host.makeBridge();
      const stranger = await aStranger(host, "10.99.0.7");
      try {
        const node = await host.start();
        expect(await node.tell("answering", ["10.99.0.7", "10.99.0.8"])).toEqual(["10.99.0.7"]);
        expect(await host.namespace.run(["ip", "neigh", "show", "dev", "mcp-br0"])).toBe("");
      } finally {
        await stranger.close();
      }
    });

    it("is set up once, and taken away when nothing is on it", async () => {
      const node = await host.start({ allow: ["8443"] });
      expect(await node.tell("setUp", "10.99.0.1/24")).toMatchObject({
        bridge: { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 },
        did: ["made the bridge mcp-br0 with 10.99.0.1/24", "set the rules"],
      });
      expect(await node.tell("find")).toEqual({ name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 });
      expect(await host.namespace.run(["cat", "/proc/sys/net/ipv6/conf/mcp-br0/disable_ipv6"])).toBe("1\n");
      expect(await host.namespace.run(["nft", "list", "ruleset"])).toContain("tcp dport 8443 accept");
      expect((await node.tell("setUp", "10.99.0.1/24")).did).toEqual([]);
      await expect(node.tell("setUp", "10.98.0.1/24")).rejects.toMatchObject({ code: "bridge_unusable" });
      await expect(node.tell("setUp", "10.99.0.0/24")).rejects.toMatchObject({ code: "config_invalid" });
      await ip("link add port0 type veth peer name port1", "link set port0 master mcp-br0");
      await expect(node.tell("tearDown")).rejects.toMatchObject({
        code: "bridge_in_use",
        message: "mcp-br0 is in use by port0",
      });
      expect((await node.tell("checks")).find(({ name }) => name === "network: ports")).toMatchObject({
        outcome: "warning",
      });
      await ip("link del port0");
      expect(await node.tell("tearDown")).toEqual({
        did: ["took the bridge mcp-br0 away", "took the rules away"],
      });
      expect(await node.tell("tearDown")).toEqual({ did: [] });
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(await host.namespace.run(["nft", "list", "ruleset"])).toBe("");
      expect(await node.tell("status")).toMatchObject({ state: "absent" });
    }, 60_000);

    it.skipIf(noGuests)(
      "starts nothing on it that would not be alone there",
      async () => {
        await host.makeBridge();
        const node = await host.start();
        const spec = host.guest(2);
        const { name, attachment } = spec;
        const start = () => node.tell("start", spec);
        const stranger = await aStranger(host, attachment.address);
        await expect(start()).rejects.toMatchObject({
          code: "address_taken",
          message: expect.stringContaining(attachment.address),
        });
        await stranger.close();
        await ip("addr del 10.99.0.1/24 dev mcp-br0", "addr add 10.99.0.1/25 dev mcp-br0");
        await expect(start()).rejects.toMatchObject({
          code: "bridge_unusable",
          message: expect.stringContaining("10.99.0.1/25"),
        });
        await ip("link del mcp-br0");
        await expect(start()).rejects.toMatchObject({ code: "bridge_missing" });
        await host.makeBridge();
        // The name of its device is known from a start that works.
        await start();
        const [tap = ""] = await host.namespace.taps();
        await node.tell("stop", name);
        await ip(`tuntap add dev ${tap} mode tap`, `link set dev ${tap} alias "somebody's"`);
        await expect(start()).rejects.toMatchObject({
          code: "tap_taken",
          message: expect.stringContaining(tap),
        });
        expect(await host.namespace.run(["ip", "link", "show", "dev", tap])).toContain("somebody's");
        expect(
          (await node.tell("checks")).find(({ name: check }) => check === "network: strays")?.text,
        ).toContain(tap);
      },
      180_000,
    );
  },
);

/** As an ordinary user's agent. */
const withoutCapability = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--"];

/** Somebody else's machine on the bridge. */
async function aStranger(host: NodeInNamespace, address: string): Promise<Namespace> {
  const stranger = await Namespace.make();
  await host.namespace.run(
    ["ip", "-batch", "-"],
    [
      `link add theirs0 type veth peer name theirs1 netns ${stranger.name}`,
      "link set theirs0 master mcp-br0",
      "link set theirs0 up",
      "",
    ].join("\n"),
  );
  await stranger.run(["ip", "-batch", "-"], `addr add ${address}/24 dev theirs1\nlink set theirs1 up\n`);
  return stranger;
}
