import type { Config } from "@oclif/core/config";
import { commandIndex, groups } from "../command-index.ts";
import type { Style } from "../terminal/style.ts";
import { aligned } from "../terminal/table.ts";

export interface CommandSummary {
  /** As it is typed: `service show`. */
  readonly name: string;
  readonly summary: string;
  readonly group: string;
}

/** What `mcp --help` lists: mcp's own commands by what they are for, then those of plugins. */
export async function commandSummaries(config: Config): Promise<CommandSummary[]> {
  return Promise.all(
    config.commands
      .filter(({ hidden }) => !hidden)
      .map(async (command) => {
        const entry = commandIndex[command.id];
        const summary = entry
          ? (await entry.load()).default.summary
          : (command.summary ?? command.description);
        return {
          name: command.id.replaceAll(":", " "),
          summary: summary?.split("\n")[0] ?? "",
          group: entry ? groups[entry.group] : `From the plugin ${command.pluginName}`,
        };
      }),
  );
}

export function rootHelp(commands: readonly CommandSummary[], version: string, style: Style): string {
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary]);
  const lines = aligned(rows).split("\n");
  const sections = [...new Set(commands.map(({ group }) => group))].map((group) => {
    const own = lines.filter((_, index) => commands[index]?.group === group);
    return `${style.bold(group)}\n${own.join("\n")}`;
  });
  return [
    "mcp runs services on machines you own, as containers or as virtual machines.",
    "  $ mcp COMMAND [FLAGS]",
    ...sections,
    "mcp COMMAND --help shows what a command takes, with examples.",
    style.dim(`version ${version}`),
  ].join("\n\n");
}

/** What `mcp service` shows: the commands that begin with it. */
export function topicHelp(topic: string, commands: readonly CommandSummary[]): string {
  const below = commands.filter(({ name }) => name.startsWith(`${topic} `));
  return `  $ mcp ${topic} COMMAND\n\n${aligned(below.map(({ name, summary }) => [`  ${name}`, summary]))}`;
}
