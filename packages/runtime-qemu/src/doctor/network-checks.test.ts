import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GuestNetworkStatus } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import type { Link } from "../network/links.ts";
import { ownerOf, tapAlias, tapName } from "../network/tap-name.ts";
import { findTraces, noTraces } from "../network/traces.ts";
import { checkNetwork, devices, type NetworkFacts } from "./network-checks.ts";

const owner = ownerOf("/state (0)");
const ready: GuestNetworkStatus = {
  ...{ bridge: "mcp-br0", state: "ready", subnet: "10.99.0.1/24", allowed: ["8443/tcp"] },
  guests: [
    {
      instance: "a.1",
      tap: tapName({ owner, instance: "a.1" }),
      address: "10.99.0.2",
      mac: "02:00:00:00:00:02",
    },
  ],
};
const link = (name: string, changes: Partial<Link> = {}): Link => ({
  ...{
    name,
    alias: "",
    kind: "tun",
    mac: "fe:00:00:00:00:01",
    isUp: true,
    isIsolated: true,
    speaksStp: false,
  },
  ...{ addresses: [], master: "mcp-br0" },
  ...changes,
});
const tapOf = (instance: string): Link =>
  link(tapName({ owner, instance }), { alias: tapAlias({ owner, instance }) });
const facts = (changes: Partial<NetworkFacts> = {}): NetworkFacts => ({
  ...{ status: ready, mayChange: true, links: [tapOf("a.1")], rules: "in place", traces: noTraces },
  ...changes,
});
const warnings = async (changes: Partial<NetworkFacts>) =>
  (await checkNetwork(facts(changes))).filter(
    ({ outcome, name }) => outcome !== "ok" && name !== "network: programs" && name !== "network: devices",
  );

describe("the doctor of the virtual machines' network", () => {
  it("has nothing to say where all is well", async () => {
    expect(await warnings({})).toEqual([]);
  });

  it.each(["off", "absent"] as const)("says one thing where there is none: %s", async (state) => {
    const checks = await checkNetwork(facts({ status: { ...ready, state, guests: [] } }));
    expect(checks).toMatchObject([{ name: "network: bridge", outcome: "ok" }]);
  });

  it("says why the bridge fails, and what to type", async () => {
    const status = {
      ...ready,
      state: "failing",
      why: "mcp-br0 is down",
      hint: "ip link set mcp-br0 up",
    } as const;
    expect(await warnings({ status })).toMatchObject([
      { text: "mcp-br0 is down", hint: "ip link set mcp-br0 up" },
    ]);
  });

  it("says that the agent lacks the capability, and how to give it", async () => {
    expect(await warnings({ mayChange: false })).toMatchObject([
      { name: "network: permission", hint: expect.stringContaining("AmbientCapabilities=CAP_NET_ADMIN") },
    ]);
  });

  it.each(["changed", "outdated", undefined] as const)(
    "says that rules are not in place: %s",
    async (rules) => {
      expect(await warnings({ rules })).toMatchObject([{ name: "network: rules" }]);
    },
  );

  it("names what else is on the bridge", async () => {
    expect(await warnings({ links: [tapOf("a.1"), link("eth1")] })).toMatchObject([
      {
        name: "network: ports",
        text: expect.stringContaining("eth1"),
        hint: expect.stringContaining("eth1 nomaster"),
      },
    ]);
  });

  it("names what is left over, on a host without a bridge too", async () => {
    const guests = { guests: [], unknown: new Set<string>(), isCurrent: () => true };
    const links = [tapOf("a.1"), link("mcpt00000000000")];
    const listing = `elements = { "${tapName({ owner, instance: "a.1" })}" . 1, "mcptfffffffffff" . 2 }`;
    const traces = findTraces(owner, links, listing, guests);
    const status = { ...ready, state: "absent", guests: [] } as const;
    const [, strays] = await checkNetwork(facts({ status, links, traces }));
    expect(strays).toMatchObject({ name: "network: strays", outcome: "warning" });
    expect(strays?.text).toContain(`${links[0]?.name} of a.1`);
    expect(strays?.text).toContain("mcpt00000000000");
    expect(strays?.text).toContain("mcptfffffffffff");
  });
});

describe("the device that TAP devices are made by", () => {
  it("must be there, and open to the user of QEMU", async () => {
    expect(await devices("/no/such/tun")).toMatchObject({ ok: false, hint: "load its module: modprobe tun" });
    const folder = await mkdtemp(join(tmpdir(), "mcpt-"));
    const path = join(folder, "tun");
    await writeFile(path, "", { mode: 0o600 });
    expect((await devices(path)).ok).toBe(process.getuid?.() !== 0);
    await rm(folder, { recursive: true });
  });
});
