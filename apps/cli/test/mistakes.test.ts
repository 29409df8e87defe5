import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { FakeAgent, operation, type Rpcs } from "./agent.ts";
import { Cli, type RunOptions } from "./cli.ts";

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.build();
});
afterAll(() => cli[Symbol.asyncDispose]());
beforeEach(() => cli.configure("unix:/nonexistent/agent.sock"));

async function agentWith(rpcs: Rpcs): Promise<FakeAgent> {
  const agent = await FakeAgent.start(rpcs);
  onTestFinished(() => agent[Symbol.asyncDispose]());
  await cli.configure(agent.address);
  return agent;
}

/** What a command that fails says, and its exit code. */
async function failure(
  args: readonly string[] | string,
  options: RunOptions = {},
): Promise<[string, number]> {
  const { stdout, stderr, exit } = await cli.run(args, options);
  expect(stdout).toBe("");
  expect(stderr).not.toMatch(/^\s+at /m);
  return [stderr, exit];
}

const startIt = "start it: mcp-agent server --config /srv/mcp/mcp-agent.toml, or: systemctl start mcp-agent";

describe("an agent that cannot be reached", () => {
  it("is not there", async () => {
    expect(await failure("status")).toEqual([
      `error: no agent is running here: there is no /nonexistent/agent.sock [agent_unreachable]\n  → ${startIt}\n`,
      6,
    ]);
    expect(await cli.run("status --json")).toEqual({
      stdout: `${JSON.stringify(
        {
          problem: {
            code: "agent_unreachable",
            message: "no agent is running here: there is no /nonexistent/agent.sock",
            hint: startIt,
          },
        },
        null,
        2,
      )}\n`,
      stderr: "",
      exit: 6,
    });
  });

  it("shows the cause to whoever looks for a bug", async () => {
    const { stderr } = await cli.run("status", { env: { MCP_DEBUG: "1" } });
    expect(stderr).toContain("cause: Error: connect ENOENT /nonexistent/agent.sock\n    at ");
  });

  it("left its socket behind", async () => {
    const socket = await cli.write("agent.sock", "");
    await cli.configure(`unix:${socket}`);
    expect(await failure("ps")).toEqual([
      `error: no agent answers at ${socket} [agent_unreachable]\n  → ${startIt}\n`,
      6,
    ]);
  });

  it("has a socket that is not ours to open", async () => {
    const agent = await agentWith({ status: () => ({}) });
    // Root may open any, so it tries as somebody else; anybody else is kept out by the mode.
    await chmod(join(agent.socketPath, ".."), 0o755);
    await chmod(agent.socketPath, 0o600);
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) await chmod(agent.socketPath, 0);
    expect(await failure("status", isRoot ? { uid: 65_534 } : {})).toEqual([
      `error: you may not open ${agent.socketPath}: the agent's socket is its owner's alone [permission_denied]\n` +
        `  → run mcp as the user that runs the agent: ls -l ${agent.socketPath}\n`,
      8,
    ]);
  });

  it("is on another machine, which is not built yet", async () => {
    await cli.configure("rift.example.net:9444");
    expect(await failure("status")).toEqual([
      "error: rift.example.net:9444 cannot be reached yet: that needs TLS, which is not built [not_yet_supported]\n" +
        "  → run mcp on the node itself, with the address unix:/run/mcp/agent.sock\n",
      7,
    ]);
  });

  it("is too old for what it is asked", async () => {
    await agentWith({});
    expect(await failure("doctor")).toEqual([
      "error: this agent cannot do doctor yet [not_yet_supported]\n  → see the version of the agent with: mcp node status\n",
      7,
    ]);
  });
});

describe("a name", () => {
  it.each(["../x", "../../etc/passwd", "a;b", "a b", "a\nb", "hеllo", "/etc/passwd", ".", ""])(
    "%j never becomes a path or a request",
    async (name) => {
      const [stderr, exit] = await failure(["deploy", name]);
      expect(stderr).toContain(`${JSON.stringify(name)} does not name a service [usage]`);
      expect(exit).toBe(2);
      for (const command of ["stop", "logs", "ps", "status"])
        expect((await cli.run([command, name])).exit).toBe(2);
    },
  );
});

describe("a definition", () => {
  const valid = 'name = "hello"\n[[components]]\nname = "web"\nimage = "localhost:5000/hello:2"\n';

  it("is shown with all its mistakes, each with its place, before any agent is asked", async () => {
    const file = await cli.write(
      "bad.toml",
      'name = "hello"\nversoin = "2"\n[[components]]\nname = "web"\nmemory = "lots"\n',
    );
    const [stderr, exit] = await failure(`deploy --file ${file}`);
    expect(exit).toBe(2);
    expect(stderr).toContain(`error: ${file} has `);
    expect(stderr).toMatch(new RegExp(`^  ${file}:2: versoin: .*version`, "m"));
    expect(stderr).toMatch(new RegExp(`^  ${file}:5: components\\[0\\]\\.memory: `, "m"));
    const json = await cli.run(`deploy --json --file ${file}`);
    expect(json.exit).toBe(2);
    expect(JSON.parse(json.stdout).problem).toMatchObject({
      code: "definition_invalid",
      mistakes: expect.arrayContaining([expect.objectContaining({ key: "versoin", line: 2 })]),
    });
  });

  it("may come from standard input", async () => {
    let toml = "";
    await agentWith({
      async *deploy({ definition }) {
        toml = definition?.toml ?? "";
        yield operation("succeeded");
      },
    });
    expect((await cli.run("deploy --file -", { input: valid })).exit).toBe(0);
    expect(toml).toBe(valid);
    const [stderr, exit] = await failure("deploy --file -", { input: "" });
    expect(stderr).toContain("error: stdin has 1 mistake [definition_invalid]");
    expect(exit).toBe(2);
  });

  it("may be named as a file from where one stands", async () => {
    await cli.write("project/hello.toml", valid);
    await agentWith({
      async *deploy() {
        yield operation("succeeded");
      },
    });
    expect((await cli.run("deploy -f hello.toml", { cwd: join(cli.home, "project") })).exit).toBe(0);
  });

  it("is looked for in the services folder, and the nearest is suggested", async () => {
    await cli.write(".config/mcp/services/hallo.toml", valid);
    const folder = `${cli.home}/.config/mcp/services`;
    expect(await failure("deploy hello/web")).toEqual([
      `error: there is no definition of hello: ${folder}/hello.toml does not exist [file_not_found]\n  → did you mean: mcp deploy hallo\n`,
      4,
    ]);
    expect(await failure("plan mail")).toEqual([
      `error: there is no definition of mail: ${folder}/mail.toml does not exist [file_not_found]\n  → write it there, or name the file: mcp plan --file hello.toml\n`,
      4,
    ]);
  });

  it("of another name is not deployed by mistake", async () => {
    const file = await cli.write(".config/mcp/services/other.toml", valid);
    expect(await failure("deploy other")).toEqual([
      `error: ${file} defines hello, and you asked for other [definition_invalid]\n` +
        '  → rename one of the two: the file to hello.toml, or the service with name = "other"\n',
      2,
    ]);
  });

  it("is a file that is there, and a file", async () => {
    expect(await failure("deploy --file /nonexistent/hello.toml")).toEqual([
      "error: there is no file /nonexistent/hello.toml [file_not_found]\n  → look at the path after --file\n",
      4,
    ]);
    expect(await failure(`deploy --file ${cli.home}`)).toEqual([
      `error: ${cli.home} is a folder, not a definition [usage]\n  → name the file in it: --file hello.toml\n`,
      2,
    ]);
    expect(await failure("deploy")).toEqual([
      "error: nothing was named to deploy [usage]\n  → name a service or its file: mcp deploy hello, or: mcp deploy --file hello.toml\n",
      2,
    ]);
  });

  it("is text, and at most 1 MiB of it", async () => {
    const binary = await cli.write("binary.toml", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0xff, 0xfe]));
    const [stderr, exit] = await failure(`deploy --file ${binary}`);
    expect(stderr).toContain("[definition_invalid]");
    expect(stderr).toContain("is not a text file");
    expect(exit).toBe(2);
    const large = await cli.write("large.toml", "#".repeat(10 * 1024 * 1024));
    expect(await failure(`deploy --file ${large}`)).toEqual([
      `error: ${large} is larger than 1 MiB, the most a definition may be [definition_too_large]\n` +
        "  → keep data in files below the service's folder, and mount them with volumes\n",
      2,
    ]);
    expect((await cli.run("deploy --file /dev/zero")).exit).toBe(2);
  });

  it("cannot be read by everybody", async () => {
    const isRoot = process.getuid?.() === 0;
    const file = await cli.write("secret.toml", valid);
    await chmod(file, isRoot ? 0o600 : 0);
    expect(await failure(`deploy --file ${file}`, isRoot ? { uid: 65_534 } : {})).toEqual([
      `error: you may not read ${file} [permission_denied]\n  → look at: ls -l ${file}\n`,
      8,
    ]);
  });

  it("for a node that is not in the configuration is not sent to another", async () => {
    const file = await cli.write("far.toml", `node = "straylight"\n${valid}`);
    const [stderr, exit] = await failure(`deploy --file ${file}`);
    expect(stderr).toContain("error: there is no node straylight in ");
    expect(exit).toBe(4);
    expect((await cli.run(`deploy --file ${file} --node rift`)).exit).toBe(6);
  });
});

describe("a configuration", () => {
  it("is shown with all its mistakes", async () => {
    const file = await cli.write("odd.toml", '[servces]\ndir = "x"\n[images]\nregistry = 5\n');
    const expected = [
      `error: ${file} has 2 mistakes [config_invalid]\n` +
        `  ${file}:1: servces: there is no such key; did you mean services?\n` +
        `  ${file}:4: images.registry: must be text, in quotes\n` +
        "  → correct what is listed\n",
      2,
    ];
    expect(await failure(`list --config ${file}`)).toEqual(expected);
    expect(await failure("list", { env: { MCP_CONFIG: file } })).toEqual(expected);
  });

  it("that is named must be there", async () => {
    expect(await failure("list --config nowhere.toml")).toEqual([
      `error: there is no configuration ${cli.home}/nowhere.toml [file_not_found]\n  → name another with --config, or leave it away for the default\n`,
      4,
    ]);
  });

  it("has a registry that can stand before an image's name", async () => {
    await cli.configure("unix:/nonexistent/agent.sock", '[images]\nregistry = "https://mcr"\n');
    const file = await cli.write(
      "hello.toml",
      'name = "hello"\n[[components]]\nname = "web"\nimage = "x:1"\n',
    );
    const [stderr, exit] = await failure(`plan --file ${file}`);
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
    ["logs hello --tail many", "--tail: expected an integer but received: many", "see: mcp logs --help"],
    [
      "logs hello --tail -1",
      "--tail: expected an integer greater than or equal to 0 but received: -1",
      "see: mcp logs --help",
    ],
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
    ["--json list", "--json comes before any command", "put it after: mcp status --json"],
  ])("%s is answered in one line and with what to type", async (line, message, hint) => {
    expect(await failure(line)).toEqual([`error: ${message} [usage]\n  → ${hint}\n`, 2]);
  });

  it("is answered as JSON where that was asked for", async () => {
    const { stdout, stderr, exit } = await cli.run("list a --json");
    expect([stderr, exit]).toEqual(["", 2]);
    expect(JSON.parse(stdout)).toEqual({
      problem: { code: "usage", message: '"a" is one argument too many', hint: "see: mcp list --help" },
    });
  });
});
