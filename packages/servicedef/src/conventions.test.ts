import { describe, expect, it } from "vitest";
import { problemOf } from "../test/mistakes.ts";
import { type Conventions, conventionValues, currentConventions } from "./conventions.ts";

describe("currentConventions", () => {
  it("has a version, and a registry if there is one", () => {
    expect(currentConventions()).toStrictEqual({ version: 1 });
    for (const registry of [
      "mcr.example.net:8443",
      "localhost",
      "127.0.0.1:5000",
      "[::1]:5000",
      "ghcr.io/team/a",
    ])
      expect(currentConventions(registry)).toStrictEqual({ version: 1, imageRegistry: registry });
  });

  it("refuses what cannot stand before an image's name", () => {
    for (const registry of [
      "",
      "https://mcr.example.net",
      "mcr.example.net:8443/",
      "team",
      "a b.c",
      "a.b/Team",
    ]) {
      const problem = problemOf(() => currentConventions(registry));
      expect(problem.code, registry).toBe("config_invalid");
      expect(problem.message).toContain("is not an image registry; write host:port without https://");
    }
  });
});

describe("stored conventions", () => {
  it("of a later version are refused", () => {
    const later = { version: 2 } as unknown as Conventions;
    const component = { name: "a" };
    const problem = problemOf(() =>
      conventionValues({ name: "a", components: [component] }, component, later),
    );
    expect(problem.code).toBe("database_newer");
  });
});
