import { describe, expect, it } from "vitest";
import { findBridge, requirePinned } from "./bridge.ts";
import { type Link, parseLinks, parseNeighbours } from "./links.ts";

/** As iproute2 6.1 prints it, without what nobody reads. */
const printed = (addresses: readonly string[], changes: object = {}): string =>
  JSON.stringify([
    {},
    {
      ifindex: 2,
      ifname: "mcp-br0",
      flags: ["NO-CARRIER", "BROADCAST", "MULTICAST", "UP"],
      address: "ea:3b:07:dc:ac:f2",
      linkinfo: { info_kind: "bridge", info_data: { stp_state: 0, vlan_filtering: 0 } },
      addr_info: [
        ...addresses.map((each) => {
          const [local, prefixlen] = each.split("/");
          return { family: "inet", local, prefixlen: Number(prefixlen), scope: "global" };
        }),
        { family: "inet6", local: "fe80::1", prefixlen: 64, scope: "link" },
      ],
      ...changes,
    },
    {
      ifname: "mcpt0123456789a",
      flags: ["BROADCAST", "UP"],
      master: "mcp-br0",
      address: "fe:00:00:00:00:01",
      linkinfo: { info_kind: "tun", info_slave_kind: "bridge", info_slave_data: { isolated: true } },
      ifalias: "mcp hello.1 0123456789abcdef",
    },
  ]);
const links = (addresses: readonly string[], changes: object = {}) => parseLinks(printed(addresses, changes));

describe("what ip prints", () => {
  it("is read as links", () => {
    expect(links(["10.99.0.1/24"])).toEqual<Link[]>([
      {
        name: "mcp-br0",
        alias: "",
        kind: "bridge",
        mac: "ea:3b:07:dc:ac:f2",
        isUp: true,
        isIsolated: false,
        speaksStp: false,
        addresses: [{ address: "10.99.0.1", prefixLength: 24 }],
      },
      {
        name: "mcpt0123456789a",
        alias: "mcp hello.1 0123456789abcdef",
        kind: "tun",
        mac: "fe:00:00:00:00:01",
        isUp: true,
        master: "mcp-br0",
        isIsolated: true,
        speaksStp: false,
        addresses: [],
      },
    ]);
    expect(parseLinks("")).toEqual([]);
  });

  it("tells who has answered, and not who was only asked", () => {
    const json = JSON.stringify([
      { dst: "10.99.0.7", lladdr: "02:00:00:00:00:07", state: ["REACHABLE"] },
      { dst: "10.99.0.8", state: ["INCOMPLETE"] },
      { dst: "10.99.0.9", state: ["FAILED"] },
    ]);
    expect(parseNeighbours(json)).toEqual([{ address: "10.99.0.7", mac: "02:00:00:00:00:07" }]);
  });
});

describe("a bridge", () => {
  it("that is not there is none", () => {
    expect(findBridge("mcp-br1", links(["10.99.0.1/24"]))).toBeUndefined();
  });

  it.each(["10.0.0.1/8", "10.99.0.1/24", "10.99.0.1/29"])("can be used with %s", (address) => {
    const [gateway, length] = address.split("/");
    expect(findBridge("mcp-br0", links([address]))?.bridge).toEqual({
      name: "mcp-br0",
      gateway,
      prefixLength: Number(length),
    });
  });

  it.each([
    ["has no IPv4 address", [], {}],
    ["has more IPv4 addresses than one: 10.99.0.1/24 and 10.98.0.1/24", ["10.99.0.1/24", "10.98.0.1/24"], {}],
    ["a subnet of /30", ["10.99.0.1/30"], {}],
    ["a subnet of /31", ["10.99.0.0/31"], {}],
    ["a subnet of /32", ["10.99.0.1/32"], {}],
    ["a subnet of /7", ["10.0.0.1/7"], {}],
    ["is down", ["10.99.0.1/24"], { flags: ["BROADCAST"] }],
    ["no bridge but veth", ["10.99.0.1/24"], { linkinfo: { info_kind: "veth" } }],
    ["spanning tree", ["10.99.0.1/24"], { linkinfo: { info_kind: "bridge", info_data: { stp_state: 1 } } }],
  ])("cannot be used where it %s", (why, addresses, changes) => {
    expect(() => findBridge("mcp-br0", links(addresses, changes))).toThrow(
      expect.objectContaining({ code: "bridge_unusable", message: expect.stringContaining(why) }),
    );
  });

  it("that is not what it was when a machine was deployed is not used for it", () => {
    const pinned = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
    expect(requirePinned(pinned, links(["10.99.0.1/24"])).bridge).toEqual(pinned);
    expect(() => requirePinned(pinned, links(["10.98.0.1/24"]))).toThrow(
      expect.objectContaining({ code: "bridge_unusable", message: expect.stringContaining("10.98.0.1/24") }),
    );
    expect(() => requirePinned(pinned, [])).toThrow(expect.objectContaining({ code: "bridge_missing" }));
  });
});
