import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commandIndex } from "@mcp/cli";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeAgent, operation } from "./agent.ts";
import { Cli } from "./cli.ts";

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.build();
});
afterAll(() => cli[Symbol.asyncDispose]());

const commands = Object.keys(commandIndex).map((id) => id.replaceAll(":", " "));

describe("mcp", () => {
  it("says its version", async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, "../package.json"), "utf8"));
    const expected = {
      stdout: `mcp/${version} ${process.platform}-${process.arch} node-${process.version}\n`,
      stderr: "",
      exit: 0,
    };
    expect(await cli.run("--version")).toEqual(expected);
    expect(await cli.run("-V")).toEqual(expected);
  });

  it("runs for a user without a name, a home or a shell", async () => {
    // Only root can be somebody else; anybody else is themselves.
    const nameless = process.getuid?.() === 0 ? { uid: 61_234 } : {};
    const { stdout, stderr, exit } = await cli.run("node list", { ...nameless, env: { HOME: "" } });
    expect([stdout, stderr, exit]).toEqual([expect.stringMatching(/^NODE /), "", 0]);
  });

  it("lists every command, for whoever types nothing, help or --help", async () => {
    const { stdout, stderr, exit } = await cli.run("--help");
    expect([stderr, exit]).toEqual(["", 0]);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command} +\\S`, "m"));
    expect(stdout).toContain("\n  deploy           make a service on its node match its definition\n");
    expect((await cli.run([])).stdout).toBe(stdout);
    for (const same of ["help", "-h", "--json --help"]) expect((await cli.run(same)).stdout).toBe(stdout);
  });

  it("lists what begins with a word", async () => {
    const expected =
      "  $ mcp service COMMAND\n\n" +
      "  service show     show the definition that a node has of a service\n" +
      "  service history  list the revisions of a service\n";
    for (const typed of ["service", "service --help", "help service"])
      expect(await cli.run(typed)).toEqual({ stdout: expected, stderr: "", exit: 0 });
  });

  it.each(commands)("%s has help with examples, that fits a terminal", async (command) => {
    const { stdout, stderr, exit } = await cli.run(`${command} --help`);
    expect([stderr, exit]).toEqual(["", 0]);
    expect(stdout).toMatch(
      new RegExp(`^\\S.*\\n\\nUSAGE\\n {2}\\$ mcp ${command}( \\[?[A-Z]+\\]?)* \\[FLAGS\\]\\n`),
    );
    expect(stdout).toMatch(new RegExp(`\\nEXAMPLES\\n[\\s\\S]* \\$ mcp ${command}\\b`));
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect((await cli.run(`help ${command}`)).stdout).toBe(stdout);
  });
});

it("a terminal without a width is taken for one of 80 columns", async () => {
  const { stdout } = await cli.onTerminal("deploy --help", { NO_COLOR: "1" }, 0);
  expect(stdout).toBe((await cli.run("deploy --help")).stdout);
});

describe("output that takes nothing more", () => {
  const stderr = "error: cannot write to standard output: no space left on device [disk_full]\n";

  it.each(["--version", "--help", "deploy --help", "node list", "node list --json", "list x --json"])(
    "is one line of %s, and an exit code",
    async (args) => {
      expect(await cli.runInto("/dev/full", args)).toEqual({ stderr, exit: 6 });
    },
  );

  it.each([
    ["--version", "2>/dev/full", 0],
    ["node list", "2>/dev/full", 0],
    ["no-such-command", "2>/dev/full", 2],
    ["deploy --no-such-flag", "2>/dev/full", 2],
    ["status", ">/dev/full 2>/dev/full", 6],
    ["no-such-command", "2>&-", 2],
    ["node list", "2>&-", 0],
    ["node list", ">&-", 0],
    ["list x", ">&- 2>&-", 2],
  ])("gives the exit code of %s %s", async (args, redirection, exit) => {
    const ran = await cli.runRedirected(args, redirection);
    expect([ran.exit, ran.stderr]).toEqual([exit, ""]);
  });

  it.each(["--help", "deploy --help", "node list --json"])("of %s may be read in part", async (args) => {
    const ran = await cli.runRedirected(args, "| true");
    expect(ran.stderr).toBe("");
    expect([0, 141]).toContain(ran.exit);
  });

  it("ends what would go on for ever", async () => {
    await using agent = await FakeAgent.start({
      getService: () => ({ service: { name: "hello", components: [{ name: "web" }] } }),
      async *logs() {
        for (;;) {
          yield { lines: [{ component: "web", text: "on and on" }] };
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
    });
    await cli.configure(agent.address);
    expect(await cli.runInto("/dev/full", "logs -f hello")).toEqual({ stderr, exit: 6 });
  });
});

describe("starting", () => {
  /** The modules of node that a command loads. */
  async function loaded(args: string): Promise<string[]> {
    const hook = await cli.write(
      "hook.cjs",
      'process.on("exit", () => process.stderr.write("\\nLOADED " + process.moduleLoadList.join(" ")));',
    );
    const { stderr } = await cli.run(args, { env: { NODE_OPTIONS: `--require=${hook}` } });
    return (stderr.split("\nLOADED ")[1] ?? "")
      .split(" NativeModule ")
      .filter((name) => /^(http|http2|https|tls|crypto|zlib|child_process|readline|url|undici)$/.test(name));
  }

  it("loads nothing that the command does not use", async () => {
    expect(await loaded("--version")).not.toContain("http");
    expect(await loaded("--help")).not.toContain("http");
    expect(await loaded("deploy --help")).not.toContain("http");
    expect(await loaded("node list")).not.toContain("http");
  });

  it("loads no cryptography, TLS, HTTP/2, fetch or subprocesses to talk to an agent", async () => {
    await using agent = await FakeAgent.start({
      liveCheck: () => ({}),
      async *deploy() {
        yield operation("succeeded");
      },
    });
    await cli.configure(agent.address);
    await cli.write(
      ".config/mcp/services/hello.toml",
      'name = "hello"\n[[components]]\nname = "web"\nimage = "x:1"\n',
    );
    for (const command of ["ps", "deploy hello"]) {
      const modules = await loaded(command);
      expect(modules).toContain("http");
      for (const heavy of ["http2", "https", "tls", "crypto", "zlib", "child_process", "readline"])
        expect(modules, command).not.toContain(heavy);
    }
  });
});

describe("the cache of compiled code", () => {
  const folder = () => join(cli.home, ".cache/mcp");
  const version = async () => {
    const { stderr, exit } = await cli.run("--version");
    expect([stderr, exit]).toEqual(["", 0]);
  };
  const cached = async () => (await readdir(folder())).filter((name) => name.endsWith("-mcp.code"));
  const fresh = () => rm(folder(), { recursive: true, force: true });

  it("is made by the first run, for its owner alone, and kept by the next", async () => {
    await fresh();
    await version();
    const [name = ""] = await cached();
    expect(name).toMatch(new RegExp(`^[0-9a-f]{16}-${process.version}-${process.arch}-mcp\\.code$`));
    const first = await stat(join(folder(), name));
    expect([first.mode & 0o777, (await stat(folder())).mode & 0o777]).toEqual([0o600, 0o700]);
    await version();
    expect((await stat(join(folder(), name))).mtimeMs).toBe(first.mtimeMs);
  });

  it("is made anew where it is damaged", async () => {
    await fresh();
    await version();
    const [name = ""] = await cached();
    const file = join(folder(), name);
    const good = await readFile(file);
    for (const damaged of [Buffer.alloc(0), Buffer.from("what is this"), good.subarray(0, good.length / 2)]) {
      await writeFile(file, damaged);
      await version();
      expect((await readFile(file)).length).toBeGreaterThan(10_000);
    }
  });

  it("is not believed where others could have written it", async () => {
    await fresh();
    await version();
    const [name = ""] = await cached();
    const file = join(folder(), name);
    await writeFile(file, "trap");
    await chmod(file, 0o666);
    await version();
    // It was made anew, by a rename, rather than read.
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("is not written through a link, or into somebody else's folder", async () => {
    await fresh();
    await version();
    const [name = ""] = await cached();
    const victim = await cli.write("victim", "precious");
    await rm(join(folder(), name));
    const folderBefore = await readdir(folder());
    // Where it would be written is not known, so every place that may come next is taken.
    await Promise.all(
      Array.from({ length: 400 }, (_, n) => symlink(victim, join(folder(), `${name}.${process.pid + n}`))),
    );
    await version();
    expect(await readFile(victim, "utf8")).toBe("precious");
    expect(folderBefore).toEqual([]);
  });

  it("leaves nothing of other builds, and nothing for words that are no commands", async () => {
    await fresh();
    await mkdir(folder(), { recursive: true });
    await writeFile(join(folder(), `${"0".repeat(16)}-v1-x64-ps.code`), "old");
    await writeFile(join(folder(), "notes.txt"), "somebody's");
    await cli.run("frobnicate");
    expect((await readdir(folder())).length).toBe(2);
    await version();
    expect((await readdir(folder())).sort()).toEqual([...(await cached()), "notes.txt"].sort());
  });

  it("is done without where there is no place for it", async () => {
    const { stderr, exit } = await cli.run("--version", {
      env: { HOME: "/nonexistent", XDG_CACHE_HOME: "/proc/none" },
    });
    expect([stderr, exit]).toEqual(["", 0]);
    expect((await cli.run("--version", { env: { HOME: "" } })).exit).toBe(0);
  });
});
