import type { Interfaces } from "@oclif/core";
import type { Command } from "@oclif/core/command";
import { commandIndex } from "../command-index.ts";

/**
 * mcp's own commands as the root plugin that oclif would have made of a `package.json`, a manifest and a folder of
 * commands. Given to it ready-made, since finding and reading those takes a third of the time of `mcp --version`.
 */
export function bundledPlugin(root: string, version: string): Interfaces.Plugin {
  const pjson: Interfaces.PJSON = {
    name: "mcp",
    version,
    oclif: { bin: "mcp", dirname: "mcp", topicSeparator: " ", additionalHelpFlags: ["-h"] },
  };
  const plugin: Interfaces.Plugin = {
    _base: "mcp",
    alias: "mcp",
    name: "mcp",
    version,
    root,
    pjson,
    options: { root },
    type: "core",
    isRoot: true,
    valid: true,
    moduleType: "module",
    hasManifest: false,
    commandsDir: undefined,
    commandIDs: Object.keys(commandIndex),
    commands: [],
    topics: [],
    hooks: {},
    load: async () => {},
    findCommand: async (id: string) => load(id, plugin),
  };
  plugin.commands = plugin.commandIDs.map((id) => ({
    id,
    aliases: [],
    hiddenAliases: [],
    args: {},
    flags: {},
    hidden: false,
    pluginName: plugin.name,
    pluginAlias: plugin.alias,
    pluginType: plugin.type,
    load: () => load(id, plugin),
  }));
  return plugin;
}

async function load(id: string, plugin: Interfaces.Plugin): Promise<Command.Class> {
  const entry = commandIndex[id];
  if (!entry) throw new Error(`there is no command ${id}`);
  const { default: command } = await entry.load();
  command.id = id;
  command.plugin = plugin;
  return command;
}
