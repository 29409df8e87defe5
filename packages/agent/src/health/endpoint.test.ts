import { describe, expect, it } from "vitest";
import { findEndpoint, printEndpoint } from "./endpoint.ts";

const tcp = (address: string, host: number, guest = 8080) => ({
  address,
  host,
  guest,
  protocol: "tcp" as const,
});

describe("where a check of a guest's port is asked", () => {
  it.each([
    ["", "127.0.0.1"],
    ["0.0.0.0", "127.0.0.1"],
    ["::", "::1"],
    ["192.0.2.7", "192.0.2.7"],
    ["::1", "::1"],
  ])("is where it is published: on %j it is %s", (published, asked) => {
    expect(findEndpoint(8080, [tcp(published, 80)], "10.0.0.2")).toEqual({ address: asked, port: 80 });
  });

  it("is this host itself rather than one of its addresses, where it is on both", () => {
    const both = [tcp("192.0.2.7", 80), tcp("", 81)];
    expect(findEndpoint(8080, both, undefined)).toEqual({ address: "127.0.0.1", port: 81 });
  });

  it("is not where the same number is published of another protocol or for another port", () => {
    const others = [{ ...tcp("", 8080), protocol: "udp" as const }, tcp("", 8080, 9090)];
    expect(findEndpoint(8080, others, undefined)).toBeUndefined();
    expect(findEndpoint(8080, others, "10.0.0.2")).toEqual({ address: "10.0.0.2", port: 8080 });
  });

  it("is written as in a URL", () => {
    expect(printEndpoint({ address: "127.0.0.1", port: 80 })).toBe("127.0.0.1:80");
    expect(printEndpoint({ address: "::1", port: 80 })).toBe("[::1]:80");
  });
});
