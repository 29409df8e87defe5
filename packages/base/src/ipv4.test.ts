import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addressesOf,
  countAddresses,
  isAddressOf,
  isInSubnet,
  netmaskOf,
  printIpv4,
  readIpv4,
  readSubnet,
} from "./ipv4.ts";

describe("an IPv4 address", () => {
  test("is read as it is printed", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), (address) => {
        expect(readIpv4(printIpv4(address))).toBe(address);
      }),
    );
  });

  test.each(["", "10.99.0", "10.99.0.1.2", "10.99.0.256", "10.99.0.01", "10.99.0.-1", " 10.99.0.1", "::1"])(
    "is not %j",
    (text) => expect(readIpv4(text)).toBeUndefined(),
  );
});

describe("a subnet", () => {
  test.each(["10.99.0.1", "10.99.0.1/33", "10.99.0.1/", "10.99.0.300/24", "/24", "10.99.0.1/24/1", "::1/64"])(
    "is not %j",
    (text) => expect(readSubnet(text)).toBeUndefined(),
  );

  test("has a netmask", () => {
    expect([8, 24, 29, 32].map(netmaskOf)).toEqual([
      "255.0.0.0",
      "255.255.255.0",
      "255.255.255.248",
      "255.255.255.255",
    ]);
  });

  test("gives others all addresses but its first, its last and the interface's own", () => {
    expect([...addressesOf({ address: "10.99.0.10", prefixLength: 29 })]).toEqual([
      "10.99.0.9",
      "10.99.0.11",
      "10.99.0.12",
      "10.99.0.13",
      "10.99.0.14",
    ]);
  });

  test("of one or two addresses has none for others", () => {
    expect([...addressesOf({ address: "10.99.0.1", prefixLength: 32 })]).toEqual([]);
    expect([...addressesOf({ address: "10.99.0.1", prefixLength: 31 })]).toEqual([]);
  });

  test("holds the addresses that it gives, and no other ones", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.integer({ min: 20, max: 32 }), (own, prefixLength) => {
        const subnet = { address: printIpv4(own), prefixLength };
        const size = 2 ** (32 - prefixLength);
        const first = own - (own % size);
        const given = [...addressesOf(subnet)];
        expect(given.every((address) => isInSubnet(subnet, address))).toBe(true);
        expect(given.every((address) => isAddressOf(subnet, address))).toBe(true);
        expect(new Set(given).size).toBe(given.length);
        expect(countAddresses(subnet)).toBe(given.length);
        for (const reserved of [own, first, first + size - 1])
          expect(isAddressOf(subnet, printIpv4(reserved))).toBe(false);
        expect(isInSubnet(subnet, printIpv4((own + size) % 2 ** 32))).toBe(false);
      }),
    );
  });
});
