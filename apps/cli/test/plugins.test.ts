import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cli } from "./cli.ts";

const example = join(import.meta.dirname, "../../../examples/plugin-hello");

let cli: Cli;
let plugin: string;
beforeAll(async () => {
  cli = await Cli.build();
  plugin = join(cli.folder, "plugin-hello");
  await mkdir(plugin);
  await cp(join(example, "package.json"), join(plugin, "package.json"));
  // With copies of @mcp/base and of oclif of its own, as an installed plugin has.
  await build({
    entryPoints: [join(example, "src/commands/hello.ts")],
    outdir: join(plugin, "dist/commands"),
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@mcp/source"],
    external: ["typescript", "pnpapi"],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
});
afterAll(() => cli[Symbol.asyncDispose]());
beforeEach(() => rm(join(cli.home, ".local"), { recursive: true, force: true }));

const link = () => cli.run(["plugins", "link", plugin]);

describe("a plugin", () => {
  it("adds its commands when it is linked, until it is unlinked", async () => {
    expect(await link()).toEqual({ stdout: "@mcp/plugin-hello is linked: mcp hello\n", stderr: "", exit: 0 });
    expect(await cli.run("hello ada")).toEqual({ stdout: "hello, ada\n", stderr: "", exit: 0 });
    expect(JSON.parse((await cli.run("hello --json")).stdout)).toEqual({ greeting: "hello, world" });
    const help = (await cli.run("--help")).stdout;
    expect(help).toMatch(/\nFrom the plugin @mcp\/plugin-hello\n {2}hello +say hello\n/);
    expect((await cli.run("hello --help")).stdout).toContain("$ mcp hello ada");
    expect((await cli.run("plugins list")).stdout).toBe(
      `PLUGIN             FOLDER\n@mcp/plugin-hello  ${plugin}\n`,
    );
    expect(await cli.run("plugins unlink @mcp/plugin-hello")).toEqual({
      stdout: "@mcp/plugin-hello is no longer linked\n",
      stderr: "",
      exit: 0,
    });
    expect((await cli.run("hello")).stderr).toContain('there is no command "hello" [usage]');
  });

  it("has its problems shown as mcp's own", async () => {
    await link();
    expect(await cli.run("hello --fail")).toEqual({
      stdout: "",
      stderr: "error: there is nobody to greet [tool_missing]\n  → type the same without --fail\n",
      exit: 6,
    });
    const json = await cli.run("hello --fail --json");
    expect([json.stderr, json.exit]).toEqual(["", 6]);
    expect(JSON.parse(json.stdout)).toEqual({
      problem: {
        code: "tool_missing",
        message: "there is nobody to greet",
        hint: "type the same without --fail",
      },
    });
  });

  it("has mistakes in what was typed shown as mcp's own", async () => {
    await link();
    expect(await cli.run("hello --fial")).toEqual({
      stdout: "",
      stderr: "error: there is no flag --fial [usage]\n  → did you mean --fail? see: mcp hello --help\n",
      exit: 2,
    });
  });

  it("is kept where MCP_DATA_DIR says", async () => {
    const env = { MCP_DATA_DIR: join(cli.home, "data") };
    await cli.run(["plugins", "link", "."], { env, cwd: plugin });
    expect((await cli.run("hello", { env })).stdout).toBe("hello, world\n");
    expect((await cli.run("hello")).exit).toBe(2);
    expect(JSON.parse(await readFile(join(env.MCP_DATA_DIR, "package.json"), "utf8")).oclif.plugins).toEqual([
      { type: "link", name: "@mcp/plugin-hello", root: plugin },
    ]);
  });

  it("that is gone is said to be, and left out", async () => {
    const moved = join(cli.folder, "moved");
    await cp(plugin, moved, { recursive: true });
    await cli.run(["plugins", "link", moved]);
    await rm(moved, { recursive: true });
    const { stdout, stderr, exit } = await cli.run("node list");
    expect(stdout).toContain("NODE");
    expect(stderr).toMatch(
      /^warning: the plugin @mcp\/plugin-hello cannot be loaded, and is left out: .*\n {2}→ take it away: mcp plugins unlink @mcp\/plugin-hello\n$/,
    );
    expect(exit).toBe(0);
    expect((await cli.run("plugins unlink @mcp/plugin-hello")).exit).toBe(0);
  });
});

describe("linking", () => {
  const refused = async (folder: string): Promise<[string, number]> => {
    const { stderr, exit } = await cli.run(["plugins", "link", folder]);
    expect((await cli.run("plugins list")).stdout).toContain("no plugins are linked");
    return [stderr, exit];
  };

  it("refuses what is no plugin", async () => {
    expect(await refused("/nonexistent")).toEqual([
      "error: there is no /nonexistent/package.json [file_not_found]\n  → name the folder of a plugin: mcp plugins link ./my-plugin\n",
      4,
    ]);
    await cli.write("plain/package.json", '{"name":"plain"}');
    const [stderr, exit] = await refused(join(cli.home, "plain"));
    expect(stderr).toContain("/plain/package.json is not that of an oclif plugin [usage]");
    expect(exit).toBe(2);
    await cli.write("broken/package.json", "{");
    expect((await refused(join(cli.home, "broken")))[1]).toBe(2);
  });

  it("refuses one that is not built", async () => {
    await cli.write(
      "unbuilt/package.json",
      '{"name":"unbuilt","version":"1.0.0","oclif":{"commands":"./dist"}}',
    );
    const [stderr, exit] = await refused(join(cli.home, "unbuilt"));
    expect(stderr).toContain("error: unbuilt has no commands in ");
    expect(stderr).toContain("→ build it first, then link it again");
    expect(exit).toBe(2);
  });

  it("refuses a command that mcp has itself", async () => {
    await cli.write(
      "greedy/package.json",
      '{"name":"greedy","version":"1.0.0","oclif":{"commands":"./commands"}}',
    );
    await cli.write("greedy/commands/deploy.js", "module.exports = class { static run() {} };");
    const [stderr, exit] = await refused(join(cli.home, "greedy"));
    expect(stderr).toContain('error: greedy has a command "deploy", which mcp has itself [usage]');
    expect(exit).toBe(2);
  });

  it("of one that is not linked cannot be undone", async () => {
    await link();
    expect(await cli.run("plugins unlink @mcp/plugin-helo")).toEqual({
      stdout: "",
      stderr: 'error: no plugin "@mcp/plugin-helo" is linked [usage]\n  → did you mean @mcp/plugin-hello?\n',
      exit: 2,
    });
  });
});
