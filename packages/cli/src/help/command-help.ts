import type { Command } from "@oclif/core/command";
import type { Config } from "@oclif/core/config";
import { CommandHelp } from "@oclif/core/help";
import { sizeOf } from "../terminal/size.ts";

export interface HelpOptions {
  /** Characters a line may have. */
  readonly width?: number;
}

/** The help of one command: its summary, then what oclif makes of its arguments, flags and examples. */
export function commandHelp(command: Command.Class, config: Config, { width }: HelpOptions = {}): string {
  const id = command.id.replaceAll(":", " ");
  const args = Object.fromEntries(
    Object.entries(command.args).map(([name, arg]) => [name, { ...arg, name: name.toUpperCase() }]),
  );
  const described: Command.Loadable = {
    id,
    args,
    flags: { ...command.baseFlags, ...command.flags },
    usage: usageOf(id, args),
    aliases: [],
    hiddenAliases: [],
    hidden: false,
    load: async () => command,
    ...(command.description !== undefined && { description: command.description }),
    ...(command.examples !== undefined && { examples: command.examples }),
  };
  const maxWidth = width ?? Math.min(sizeOf(process.stdout).columns, 100);
  const body = new CommandHelp(described, config, { maxWidth, flagSortOrder: "none" }).generate();
  return `${command.summary ?? ""}\n\n${body}`;
}

function usageOf(
  id: string,
  args: Readonly<Record<string, { name: string; required?: boolean | undefined }>>,
): string {
  const names = Object.values(args).map(({ name, required }) => (required ? name : `[${name}]`));
  return [id, ...names, "[FLAGS]"].join(" ");
}
