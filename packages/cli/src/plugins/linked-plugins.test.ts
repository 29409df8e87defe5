import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dataDirOf, linkPlugin, readLinkedPlugins, unlinkPlugin } from "./linked-plugins.ts";

describe("the list of linked plugins", () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "mcp-plugins-"));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
  const file = () => join(dataDir, "package.json");

  it("begins empty, and reading it makes nothing", () => {
    expect(readLinkedPlugins(join(dataDir, "none"))).toEqual([]);
    expect(existsSync(join(dataDir, "none"))).toBe(false);
  });

  it("keeps what is linked, once for each name, until it is unlinked", () => {
    linkPlugin(dataDir, { name: "a", root: "/old" });
    linkPlugin(dataDir, { name: "b", root: "/b" });
    linkPlugin(dataDir, { name: "a", root: "/a" });
    expect(readLinkedPlugins(dataDir)).toEqual([
      { name: "b", root: "/b" },
      { name: "a", root: "/a" },
    ]);
    unlinkPlugin(dataDir, "b");
    expect(readLinkedPlugins(dataDir)).toEqual([{ name: "a", root: "/a" }]);
    expect(readdirSync(dataDir)).toEqual(["package.json"]);
  });

  it("is written as oclif does, and leaves alone what else is there", () => {
    const written = {
      dependencies: { x: "1" },
      oclif: { schema: 1, plugins: [{ name: "u", type: "user", tag: "latest" }] },
    };
    writeFileSync(file(), JSON.stringify(written));
    expect(readLinkedPlugins(dataDir)).toEqual([]);
    linkPlugin(dataDir, { name: "a", root: "/a" });
    expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({
      private: true,
      dependencies: { x: "1" },
      oclif: {
        schema: 1,
        plugins: [
          { name: "u", type: "user", tag: "latest" },
          { type: "link", name: "a", root: "/a" },
        ],
      },
    });
  });

  it.each(["{", "[", "null", '"x"'])("that is damaged is said to be, and not overwritten: %s", (text) => {
    writeFileSync(file(), text);
    const damaged = expect.objectContaining({
      code: "config_invalid",
      message: `${file()}, the list of plugins, is damaged`,
      hint: `start afresh: rm ${file()}`,
    });
    expect(() => readLinkedPlugins(dataDir)).toThrow(damaged);
    expect(() => linkPlugin(dataDir, { name: "a", root: "/a" })).toThrow(damaged);
    expect(readFileSync(file(), "utf8")).toBe(text);
  });

  it("lies where oclif keeps data", () => {
    expect(dataDirOf({ HOME: "/home/ada" })).toBe("/home/ada/.local/share/mcp");
    expect(dataDirOf({ HOME: "/home/ada", XDG_DATA_HOME: "/data" })).toBe("/data/mcp");
    expect(dataDirOf({ MCP_DATA_DIR: "/here", XDG_DATA_HOME: "/data" })).toBe("/here");
  });
});
