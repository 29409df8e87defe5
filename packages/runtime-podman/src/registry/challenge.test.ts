import { describe, expect, it } from "vitest";
import { parseChallenge } from "./challenge.ts";

describe("a registry's challenge", () => {
  it("asks for a token from somewhere, for something", () => {
    const header =
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:shop/api:pull,push"';
    expect(parseChallenge(header)).toEqual({
      scheme: "bearer",
      realm: "https://auth.example/token",
      service: "registry.example",
      scope: "repository:shop/api:pull,push",
    });
  });

  it("asks for a name and a password", () => {
    expect(parseChallenge('Basic realm="Registry, with a comma"')).toEqual({ scheme: "basic" });
    expect(parseChallenge("basic")).toEqual({ scheme: "basic" });
  });

  it("prefers a token where both will do", () => {
    expect(parseChallenge('Basic realm="r", Bearer realm="https://a.example/t"')).toEqual({
      scheme: "bearer",
      realm: "https://a.example/t",
    });
  });

  it.each([undefined, "", "Negotiate", "Bearer", 'Digest realm="r"'])("is not understood: %s", (header) => {
    expect(parseChallenge(header)).toBeUndefined();
  });
});
