import { parseArgs } from "node:util";
import { asProblem, exitCodeOf, isProblem, Problem } from "@mcp/base";
import packageJson from "../package.json" with { type: "json" };
import { acceptStore } from "./accept-store.ts";
import { type AgentConfig, loadConfig } from "./config.ts";
import { setUpNetwork, showNetwork, tearDownNetwork } from "./network-commands.ts";
import { serve } from "./serve.ts";
import { takeSnapshot } from "./take-snapshot.ts";
import { testAlert } from "./test-alert.ts";
import { watchOutput } from "./watch-output.ts";

const help = `mcp-agent ${packageJson.version}: runs services on this node as their definitions say

  mcp-agent server --config FILE         listen on the socket, and keep what is wanted running
  mcp-agent snapshot --config FILE       copy the database, while the agent runs
                     [--to FILE]         where to; default: beside it, with the date in its name
  mcp-agent accept-store --config FILE   this node's podman has a new store: take it as the right one
  mcp-agent test-alert --config FILE     tell a test by every way in which alerts are told
  mcp-agent network setup --config FILE  make the bridge of virtual machines and its rules, if they are not there
  mcp-agent network status --config FILE
  mcp-agent network teardown --config FILE
  mcp-agent --version

Every key of the config but tables can also come from the environment: [server] socket is MCP_AGENT_SERVER_SOCKET.
`;

type Options = { readonly to?: string };

const commands: Readonly<Record<string, (config: AgentConfig, options: Options) => Promise<void>>> = {
  server: (config) => serve(config, packageJson.version),
  snapshot: takeSnapshot,
  "accept-store": acceptStore,
  "test-alert": testAlert,
  "network setup": setUpNetwork,
  "network status": showNetwork,
  "network teardown": tearDownNetwork,
};

/** The exit code. What goes wrong is told on standard error. */
export async function main(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const outputFailure = watchOutput();
  const exitCode = await runCommand(argv, environment);
  return (await outputFailure()) ?? exitCode;
}

async function runCommand(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  // What is typed for it where it has another name, as in a checkout; a key of the config it is not.
  const { MCP_AGENT_COMMAND: typed = "mcp-agent", ...keys } = environment;
  try {
    // Without a listener node answers this signal by opening its debugger to everybody on this machine.
    process.on("SIGUSR1", () => {});
    // Everything that the agent makes is for its owner alone.
    process.umask(0o077);
    const { values, positionals } = readArguments(argv);
    const name = positionals.join(" ");
    if (values.version) return say(`mcp-agent/${packageJson.version}\n`);
    if (values.help || name === "") return say(help.replaceAll(/^ {2}mcp-agent /gm, `  ${typed} `));
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (name === "network") throw usage("network needs one more word: setup, status or teardown");
    if (!command) throw usage(`there is no command ${name}`);
    if (values.config === undefined) throw usage(`${name} needs --config FILE`);
    await command(await loadConfig(values.config, keys), values.to === undefined ? {} : { to: values.to });
    return 0;
  } catch (thrown) {
    return tell(asProblem(thrown), typed);
  }
}

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: "string" },
        to: { type: "string" },
        version: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw usage(cause instanceof Error ? (cause.message.split(". ")[0] ?? "") : "");
  }
}

const usage = (what: string): Problem => new Problem("usage", what, "see: mcp-agent --help");

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function tell(problem: Problem, typed: string): number {
  const lines = [`error: ${problem.message}`];
  for (const { key, line, message } of problem.mistakes)
    lines.push(`  ${line === undefined ? "" : `line ${line}: `}${key ? `${key}: ` : ""}${message}`);
  lines.push(`  → ${problem.hint.replaceAll(/(?<=: )mcp-agent /g, `${typed} `)}`);
  // A bug: whoever reports it needs to know where it is.
  if (problem.code === "internal" && !isProblem(problem.cause))
    lines.push(String((problem.cause as Error)?.stack));
  process.stderr.write(`${lines.join("\n")}\n`);
  return exitCodeOf(problem.code);
}
