import { asProblem, exitCodeOf, Problem } from "@mcp/base";
import type { Command } from "@oclif/core/command";
import type { Config } from "@oclif/core/config";
import { aftermathOf } from "./failure/context.ts";
import { Interrupted } from "./failure/interrupted.ts";
import { usageProblem } from "./failure/usage-problem.ts";
import { findCommand } from "./oclif/find-command.ts";
import { loadOclif } from "./oclif/load-oclif.ts";
import { styleFor } from "./terminal/style.ts";
import { outputEnded, watchOutput } from "./terminal/watched-output.ts";
import { problemView } from "./views/problem-view.ts";

export interface MainOptions {
  /** What was typed after `mcp`. */
  readonly argv: readonly string[];
  readonly version: string;
  /** The folder of the app. */
  readonly root: string;
}

/** The command line of mcp: runs what was typed, shows what went wrong, and gives the exit code. */
export async function runMcp(options: MainOptions): Promise<number> {
  const running: Running = { id: "", isJson: false };
  watchOutput();
  let exitCode: number;
  try {
    await run(options, running);
    exitCode = Number(process.exitCode ?? 0);
  } catch (thrown) {
    exitCode = report(thrown, running);
  }
  const unwritten = await outputEnded();
  return unwritten ? report(unwritten, { ...running, isJson: false }) : exitCode;
}

/** What is known of the command when something is thrown. */
interface Running {
  id: string;
  isJson: boolean;
}

async function run({ argv, version, root }: MainOptions, running: Running): Promise<void> {
  const config = await loadOclif({ root, version, onBrokenPlugin });
  if (argv[0] === "--version" || argv[0] === "-V") return print(config.userAgent);
  const helpFor = wantedHelp(argv);
  if (helpFor) return showHelp(helpFor, config, version);
  const found = findCommand(argv, config);
  if (found.type === "topic") return showHelp(argv, config, version);
  const loadable = config.findCommand(found.id, { must: true });
  running.id = found.id.replaceAll(":", " ");
  running.isJson = isJson(found.argv);
  await config.runCommand(found.id, found.argv, loadable);
}

/** The words that help was asked for, none for all of it; undefined if it was not. */
function wantedHelp(argv: readonly string[]): readonly string[] | undefined {
  if (argv.length === 0) return [];
  if (argv[0] === "help") return argv.slice(1);
  const typed = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  const words = typed.filter((word) => word !== "--help" && word !== "-h");
  return words.length < typed.length ? words : undefined;
}

async function showHelp(words: readonly string[], config: Config, version: string): Promise<void> {
  const { commandSummaries, rootHelp, topicHelp } = await import("./help/root-help.ts");
  const style = styleFor(process.stdout, process.env);
  if (words.length === 0 || words[0]?.startsWith("-"))
    return print(style.typed(rootHelp(await commandSummaries(config), version, style)));
  const found = findCommand(words, config);
  if (found.type === "topic")
    return print(style.typed(topicHelp(found.topic, await commandSummaries(config))));
  const command: Command.Class = await config.findCommand(found.id, { must: true }).load();
  const { commandHelp } = await import("./help/command-help.ts");
  print(style.typed(commandHelp(command, config)));
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function isJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? argv.length : end).includes("--json");
}

/** Show what was thrown, for people on standard error or with `--json` on standard output. */
function report(thrown: unknown, { id, isJson: asJson }: Running): number {
  const style = styleFor(process.stderr, process.env);
  if (thrown instanceof Interrupted) {
    if (thrown.note !== undefined) process.stderr.write(`\ninterrupted: ${style.typed(thrown.note)}\n`);
    return thrown.exitCode;
  }
  if (isRequestToExit(thrown)) return thrown.oclif.exit;
  const problem = usageProblem(thrown, id) ?? asProblem(thrown);
  if (asJson) {
    const operation = aftermathOf(problem)?.operation;
    const shown = { ...problem.toJSON(), hint: style.typed(problem.hint) };
    print(JSON.stringify({ problem: shown, ...(operation && { operation }) }, null, 2));
  } else {
    process.stderr.write(`${problemView(problem, { style, withCause: isDebugging() })}\n`);
  }
  return exitCodeOf(problem.code);
}

/** What oclif's `exit` throws, in a plugin. */
const isRequestToExit = (thrown: unknown): thrown is { oclif: { exit: number } } =>
  thrown instanceof Error && (thrown as { code?: string }).code === "EEXIT" && "oclif" in thrown;

const isDebugging = (): boolean => !["", "0", undefined].includes(process.env.MCP_DEBUG);

function onBrokenPlugin(name: string, thrown: unknown): void {
  const problem = new Problem(
    "usage",
    `the plugin ${name} cannot be loaded, and is left out: ${(thrown as Error).message.split("\n")[0]}`,
    `take it away: mcp plugins unlink ${name}`,
    { cause: thrown },
  );
  const options = { style: styleFor(process.stderr, process.env), withCause: isDebugging() };
  process.stderr.write(`${problemView(problem, options).replace("error:", "warning:")}\n`);
}
