import { describe, expect, it } from "vitest";
import { isBareId, isLocalOnly, parseReference, repositoryOf } from "./reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("an image reference", () => {
  it.each([
    ["registry.example/hello:v1", { registry: "registry.example", path: "hello", tag: "v1" }],
    ["registry.example:8443/shop/api:v2", { registry: "registry.example:8443", path: "shop/api", tag: "v2" }],
    ["127.0.0.1:5000/hello", { registry: "127.0.0.1:5000", path: "hello" }],
    ["localhost/hello:v1", { registry: "localhost", path: "hello", tag: "v1" }],
    ["localhost:5000/hello:v1", { registry: "localhost:5000", path: "hello", tag: "v1" }],
    ["hello:v1", { registry: "", path: "hello", tag: "v1" }],
    ["library/hello", { registry: "", path: "library/hello" }],
    [`registry.example/hello@${digest}`, { registry: "registry.example", path: "hello", digest }],
    [
      `registry.example/hello:v1@${digest}`,
      { registry: "registry.example", path: "hello", tag: "v1", digest },
    ],
  ])("%s is taken apart", (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it("has a repository without its tag and digest", () => {
    expect(repositoryOf(`registry.example:8443/shop/api:v2@${digest}`)).toBe(
      "registry.example:8443/shop/api",
    );
    expect(repositoryOf("hello:v1")).toBe("hello");
  });

  it("may be an id", () => {
    expect(isBareId("a".repeat(64))).toBe(true);
    expect(isBareId(digest)).toBe(true);
    expect(isBareId("deadbeef1234")).toBe(true);
    expect(isBareId("hello")).toBe(false);
    expect(isBareId("hello:v1")).toBe(false);
  });

  it.each([
    ["localhost/hello:v1", true],
    ["hello:v1", true],
    ["a".repeat(64), true],
    ["localhost:5000/hello:v1", false],
    ["registry.example/hello:v1", false],
  ])("%s is only to be found on this host: %s", (text, isLocal) => {
    expect(isLocalOnly(text)).toBe(isLocal);
  });
});
