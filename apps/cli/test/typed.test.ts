import { describe, expect, it } from "vitest";
import { rig } from "./rig.ts";

const mcp = rig();

describe("a name", () => {
  it.each(["../x", "../../etc/passwd", "a;b", "a b", "a\nb", "hеllo", "/etc/passwd", ".", ""])(
    "%j never becomes a path or a request",
    async (name) => {
      const [stderr, exit] = await mcp.failure(["deploy", name]);
      expect(stderr).toContain(`${JSON.stringify(name)} does not name a service [usage]`);
      expect(exit).toBe(2);
      for (const command of ["stop", "logs", "ps", "status"])
        expect((await mcp.cli.run([command, name])).exit).toBe(2);
    },
  );
});

describe("a configuration", () => {
  it("is shown with all its mistakes", async () => {
    const file = await mcp.cli.write("odd.toml", '[servces]\ndir = "x"\n[images]\nregistry = 5\n');
    const expected = [
      `error: ${file} has 2 mistakes [config_invalid]\n` +
        `  ${file}:1: servces: there is no such key; did you mean services?\n` +
        `  ${file}:4: images.registry: must be text, in quotes\n` +
        "  → correct what is listed\n",
      2,
    ];
    expect(await mcp.failure(`list --config ${file}`)).toEqual(expected);
    expect(await mcp.failure("list", { env: { MCP_CONFIG: file } })).toEqual(expected);
  });

  it("that is named must be there", async () => {
    expect(await mcp.failure("list --config nowhere.toml")).toEqual([
      `error: there is no configuration ${mcp.cli.home}/nowhere.toml [file_not_found]\n  → name another with --config, or leave it away for the default\n`,
      4,
    ]);
  });

  it("has a registry that can stand before an image's name", async () => {
    await mcp.cli.configure("unix:/nonexistent/agent.sock", '[images]\nregistry = "https://mcr"\n');
    const file = await mcp.cli.write(
      "hello.toml",
      'name = "hello"\n[[components]]\nname = "web"\nimage = "x:1"\n',
    );
    const [stderr, exit] = await mcp.failure(`plan --file ${file}`);
    expect(stderr).toContain("[config_invalid]");
    expect(exit).toBe(2);
  });
});

describe("what was typed", () => {
  it.each([
    ["deplyo hello", 'there is no command "deplyo"', "did you mean: mcp deploy"],
    ["deploy hello --dryrun", "there is no flag --dryrun", "did you mean --dry-run? see: mcp deploy --help"],
    ["ps --frob", "there is no flag --frob", "see: mcp ps --help"],
    ["stop", "the argument SERVICE is missing", "see: mcp stop --help"],
    ["list a b", '"a" is one argument too many', "see: mcp list --help"],
    ["deploy hello --file", "flag --file expects a value", "see: mcp deploy --help"],
    ["logs hello --tail many", '--tail: "many" is not a whole number', "see: mcp logs --help"],
    ["logs hello --tail -1", "--tail: -1 is less than 0", "see: mcp logs --help"],
    [
      "logs hello --since soon",
      '"soon" is not a time',
      "write how long ago, as 10m or 2h, or a time such as 2026-01-31T12:00:00Z",
    ],
    [
      "undeploy hello/web",
      "this works on whole services, and hello/web names a component",
      "leave the component away: hello",
    ],
    ["--node nosuch status", "--node comes before any command", "put it after: mcp status --node nosuch"],
    ["--json list", "--json comes before any command", "put it after: mcp list --json"],
  ])("%s is answered in one line and with what to type", async (line, message, hint) => {
    expect(await mcp.failure(line)).toEqual([`error: ${message} [usage]\n  → ${hint}\n`, 2]);
  });

  it("is answered as JSON where that was asked for", async () => {
    const { stdout, stderr, exit } = await mcp.cli.run("list a --json");
    expect([stderr, exit]).toEqual(["", 2]);
    expect(JSON.parse(stdout)).toEqual({
      problem: { code: "usage", message: '"a" is one argument too many', hint: "see: mcp list --help" },
    });
  });
});
