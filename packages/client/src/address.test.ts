import { describe, expect, it } from "vitest";
import { parseAddress } from "./address.ts";

describe("an agent's address", () => {
  it.each([
    ["unix:/run/mcp/agent.sock", { kind: "unix", path: "/run/mcp/agent.sock" }],
    ["unix:/a b", { kind: "unix", path: "/a b" }],
    ["rift.example.net:9444", { kind: "tcp", host: "rift.example.net", port: 9444 }],
    ["192.0.2.10:1", { kind: "tcp", host: "192.0.2.10", port: 1 }],
    ["[2001:db8::1]:65535", { kind: "tcp", host: "2001:db8::1", port: 65535 }],
  ])("%s is understood", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each([
    ["", "it is neither of these"],
    ["/run/mcp/agent.sock", "it is neither of these"],
    ["unix:", "the path does not begin with a slash"],
    ["unix:agent.sock", "the path does not begin with a slash"],
    ["unix:/a\0b", "the path has a NUL byte in it"],
    [`unix:/${"x".repeat(107)}`, "the path is longer than 107 bytes, the most a socket may have"],
    ["rift:0", "it is neither of these"],
    ["rift:65536", "it is neither of these"],
    ["2001:db8::1:9444", "it is neither of these"],
    ["http://rift:9444", "it is neither of these"],
  ])("%j is refused, and the reason given", (text, why) => {
    expect(() => parseAddress(text)).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        message: `${JSON.stringify(text)} is not an agent's address: ${why}`,
        hint: 'write it as "unix:/run/mcp/agent.sock" or "host:port"',
      }),
    );
  });

  it("may be 107 bytes long and not one more", () => {
    expect(parseAddress(`unix:/${"x".repeat(106)}`)).toMatchObject({ kind: "unix" });
    expect(() => parseAddress(`unix:/${"ü".repeat(54)}`)).toThrow(/longer than 107 bytes/);
  });
});
