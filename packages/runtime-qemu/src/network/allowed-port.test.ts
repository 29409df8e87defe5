import { describe, expect, it } from "vitest";
import { printAllowedPort, requireAllowedPort } from "./allowed-port.ts";

describe("an allowed port", () => {
  it.each([
    ["8443", "8443/tcp"],
    ["8443/tcp", "8443/tcp"],
    ["53/udp", "53/udp"],
    ["65535", "65535/tcp"],
  ])("%s is %s", (text, printed) => {
    expect(printAllowedPort(requireAllowedPort(text))).toBe(printed);
  });

  it.each(["", "0", "65536", "080", "80/icmp", "80-90", "http", "10.0.0.1:80", "80 accept"])(
    "is not: %j",
    (text) => {
      expect(() => requireAllowedPort(text)).toThrow(expect.objectContaining({ code: "config_invalid" }));
    },
  );
});
