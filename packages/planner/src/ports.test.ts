import { describe, expect, it } from "vitest";
import { tcp } from "../test/example.ts";
import { portsOverlap } from "./ports.ts";

const udp = (host: number) => ({ ...tcp(host), protocol: "udp" }) as const;

describe("two lists of host ports", () => {
  it("overlap where both have a port on the same address", () => {
    expect(portsOverlap([tcp(80, "10.0.0.1")], [tcp(81), tcp(80, "10.0.0.1")])).toBe(true);
    expect(portsOverlap([tcp(80, "10.0.0.1")], [tcp(80, "10.0.0.2")])).toBe(false);
  });

  it("overlap where one has it on every address", () => {
    for (const everywhere of ["", "0.0.0.0", "::"]) {
      expect(portsOverlap([tcp(80, everywhere)], [tcp(80, "10.0.0.1")])).toBe(true);
      expect(portsOverlap([tcp(80, "10.0.0.1")], [tcp(80, everywhere)])).toBe(true);
    }
  });

  it("do not overlap across protocols, or where one is empty", () => {
    expect(portsOverlap([tcp(80)], [udp(80)])).toBe(false);
    expect(portsOverlap([udp(80)], [udp(80)])).toBe(true);
    expect(portsOverlap([], [tcp(80)])).toBe(false);
  });
});
