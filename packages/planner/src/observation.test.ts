import { describe, expect, it } from "vitest";
import { exited, missing, sees, unknown, up } from "../test/example.ts";
import { isActive, sightingOf } from "./observation.ts";

describe("an observation", () => {
  it("does not know what was not looked for", () => {
    expect(sightingOf(sees({ "web.1": up() }), "web.1")).toEqual(up());
    expect(sightingOf(sees({ "web.1": up() }), "web.2")).toEqual({
      state: "unknown",
      why: "it was not looked for",
    });
  });

  it("sees what holds its ports: what runs, comes up or goes down", () => {
    for (const state of ["starting", "running", "stopping"] as const)
      expect(isActive({ state, specHash: "v1" })).toBe(true);
    for (const seen of [exited(), missing, unknown, { state: "created", specHash: "v1" } as const])
      expect(isActive(seen)).toBe(false);
  });
});
