import { describe, expect, it } from "vitest";
import { insecureIn, isLoopback } from "./insecure.ts";

describe("a registry without TLS", () => {
  it.each(["localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"])(
    "may be %s",
    (registry) => {
      expect(isLoopback(registry)).toBe(true);
    },
  );

  it.each(["localhost.example:5000", "registry.example", "127.0.0.1.example", "10.0.0.1:5000", "128.0.0.1"])(
    "may not be %s",
    (registry) => {
      expect(isLoopback(registry)).toBe(false);
    },
  );

  it("may be one that podman is told to take so", () => {
    const text = `
      unqualified-search-registries = ["docker.io"]
      [[registry]]
      location = "registry.example:5000"
      insecure = true
      [[registry]]
      prefix = "*.lab.example"
      insecure = true
      [[registry]]
      location = "safe.example"
      insecure = false`;
    expect(insecureIn(text)).toEqual(["registry.example:5000", "*.lab.example"]);
    expect(insecureIn("not = [toml")).toEqual([]);
    expect(insecureIn("")).toEqual([]);
  });
});
