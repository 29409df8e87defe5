import { describe, expect, it } from "vitest";
import { plain } from "../terminal/style.ts";
import { pluginsView } from "./plugins-view.ts";

describe("mcp plugins list", () => {
  it("shows where each is, or how to begin", () => {
    expect(pluginsView({ plugins: [{ name: "a", root: "/srv/a" }] }, plain)).toBe(
      "PLUGIN  FOLDER\na       /srv/a",
    );
    expect(pluginsView({ plugins: [] }, plain)).toBe(
      "no plugins are linked; link one with: mcp plugins link ./my-plugin",
    );
  });
});
