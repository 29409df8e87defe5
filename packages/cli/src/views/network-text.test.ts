import { expect, it } from "vitest";
import { networkReport } from "../reports/network-report.ts";
import { networkText } from "./network-text.ts";

const ready = {
  bridge: "mcp-br0",
  state: "ready",
  subnet: "10.99.0.1/24",
  addressesGiven: "2",
  addressesTotal: "253",
  guests: 1,
};

it.each([
  [
    { ...ready, allowed: ["8443/tcp", "53/udp"] },
    "mcp-br0, 10.99.0.1/24, 2 of 253 addresses given, 1 on it, may reach 8443/tcp and 53/udp of this node",
  ],
  [ready, "mcp-br0, 10.99.0.1/24, 2 of 253 addresses given, 1 on it, may reach nothing"],
  [
    { ...ready, state: "failing" },
    "mcp-br0 (failing), 10.99.0.1/24, 2 of 253 addresses given, 1 on it, may reach nothing",
  ],
  [{ bridge: "mcp-br0", state: "failing", why: "it is gone" }, "mcp-br0 (failing)"],
  [
    { bridge: "mcp-br0", state: "absent" },
    "user networking for virtual machines, there is no bridge mcp-br0",
  ],
  [{ state: "off" }, "user networking for virtual machines, the bridge is turned off"],
])("the network %j is said to be: %s", (network, text) => {
  expect(networkText(networkReport(network))).toBe(text);
});
