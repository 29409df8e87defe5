import { describe, expect, it } from "vitest";
import type { Link } from "./links.ts";
import { makeTap, strayTaps, tapRepairs } from "./reconcile.ts";
import type { Guest } from "./rules.ts";
import { ownerOf, tapAlias, tapName } from "./tap-name.ts";

const owner = ownerOf("/srv/mcp/vm-state (3f9c2a51d0e84b77)");
const bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
const guest = (instance: string): Guest => ({
  instance,
  tap: tapName({ owner, instance }),
  attachment: { bridge, address: "10.99.0.2", mac: "02:00:00:00:00:02" },
});
const link = (name: string, changes: Partial<Link> = {}): Link => ({
  ...{ name, alias: "", kind: "tun", mac: "fe:00:00:00:00:01", isUp: true, isIsolated: true },
  ...{ speaksStp: false, addresses: [], master: "mcp-br0" },
  ...changes,
});
const tapOf = (instance: string, changes: Partial<Link> = {}, whose = owner): Link =>
  link(tapName({ owner: whose, instance }), { alias: tapAlias({ owner: whose, instance }), ...changes });
const living = (...instances: string[]) => ({
  guests: instances.map(guest),
  unknown: new Set<string>(),
  isCurrent: () => true,
});

describe("TAP devices that nobody needs", () => {
  it("are those of ours without a living machine", () => {
    const links = [tapOf("a.1"), tapOf("b.1"), tapOf("b.2")];
    expect(strayTaps(owner, links, living("b.1"))).toEqual([
      { instance: "a.1", tap: tapName({ owner, instance: "a.1" }) },
      { instance: "b.2", tap: tapName({ owner, instance: "b.2" }) },
    ]);
  });

  it("are not those of a machine of which nobody can tell", () => {
    expect(strayTaps(owner, [tapOf("a.1")], { ...living(), unknown: new Set(["a.1"]) })).toEqual([]);
  });

  it("are not those of another state folder, nor what only looks like ours", () => {
    const links = [
      tapOf("a.1", {}, ownerOf("another")),
      tapOf("a.1", { alias: "" }),
      tapOf("a.1", { alias: "somebody's" }),
      link("eth0", { alias: tapAlias({ owner, instance: "a.1" }) }),
    ];
    expect(strayTaps(owner, links, living())).toEqual([]);
  });
});

describe("TAP devices that are not as they were made", () => {
  const there = link("mcp-br0", { kind: "bridge" });

  it("are put back on their bridge, isolated and up", () => {
    expect(tapRepairs([there, tapOf("a.1")], living("a.1"))).toEqual([]);
    const tap = tapName({ owner, instance: "a.1" });
    const { master: _, ...off } = tapOf("a.1");
    for (const broken of [off, tapOf("a.1", { isIsolated: false }), tapOf("a.1", { isUp: false })])
      expect(tapRepairs([there, broken], living("a.1"))).toEqual([
        `link set dev ${tap} master mcp-br0`,
        `link set dev ${tap} type bridge_slave isolated on mcast_flood off`,
        `link set dev ${tap} up`,
      ]);
  });

  it("stay as they are where their bridge is gone, or they are", () => {
    expect(tapRepairs([tapOf("a.1", { isUp: false })], living("a.1"))).toEqual([]);
    expect(tapRepairs([there], living("a.1"))).toEqual([]);
  });
});

describe("a TAP device", () => {
  it("is made down, marked, and up only when it is isolated", () => {
    const { tap } = guest("a.1");
    expect(makeTap(guest("a.1"), { owner, uid: 65_534, bridgeMac: "ea:3b:07:dc:ac:f2" })).toEqual([
      "link set dev mcp-br0 address ea:3b:07:dc:ac:f2",
      "neigh flush to 10.99.0.2 dev mcp-br0",
      `tuntap add dev ${tap} mode tap user 65534`,
      `link set dev ${tap} alias "mcp a.1 ${owner}"`,
      `link set dev ${tap} addrgenmode none`,
      `link set dev ${tap} master mcp-br0`,
      `link set dev ${tap} type bridge_slave isolated on mcast_flood off`,
      `link set dev ${tap} up`,
    ]);
  });
});
