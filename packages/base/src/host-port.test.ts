import { describe, expect, it } from "vitest";
import { addressesOverlap, hostPortsOverlap, printHostPort } from "./host-port.ts";

describe("two listeners on one port", () => {
  it.each([
    ["", "127.0.0.1"],
    ["0.0.0.0", "192.0.2.1"],
    ["::", "192.0.2.1"],
    ["0:0:0:0:0:0:0:0", "::1"],
    ["[::]", "::1"],
    ["::ffff:0.0.0.0", "192.0.2.1"],
    ["", ""],
    ["", "::"],
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["2001:DB8::1", "[2001:db8:0::1]"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["fe80::1%eth0", "fe80::1%eth0"],
  ])("meet on %j and %j", (one, other) => {
    expect(addressesOverlap(one, other)).toBe(true);
    expect(addressesOverlap(other, one)).toBe(true);
  });

  it.each([
    ["127.0.0.1", "127.0.0.2"],
    ["127.0.0.1", "::1"],
    ["192.0.2.1", "2001:db8::1"],
    ["::ffff:127.0.0.1", "127.0.0.2"],
    ["fe80::1%eth0", "fe80::1%eth1"],
  ])("do not meet on %j and %j", (one, other) => {
    expect(addressesOverlap(one, other)).toBe(false);
    expect(addressesOverlap(other, one)).toBe(false);
  });

  it("do not meet on another port, or in another protocol", () => {
    const http = { address: "", port: 80, protocol: "tcp" };
    expect(hostPortsOverlap(http, { ...http, address: "127.0.0.1" })).toBe(true);
    expect(hostPortsOverlap(http, { ...http, port: 81 })).toBe(false);
    expect(hostPortsOverlap(http, { ...http, protocol: "udp" })).toBe(false);
  });
});

it.each([
  ["", "80/tcp"],
  ["127.0.0.1", "127.0.0.1:80/tcp"],
  ["::1", "[::1]:80/tcp"],
  ["[::1]", "[::1]:80/tcp"],
])("a listener on %j is printed as %s", (address, printed) => {
  expect(printHostPort({ address, port: 80, protocol: "tcp" })).toBe(printed);
});
