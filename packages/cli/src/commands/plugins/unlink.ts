import { nearest, Problem } from "@mcp/base";
import { requiredArgument } from "../../argument.ts";
import { McpCommand } from "../../mcp-command.ts";
import {
  dataDirOf,
  type LinkedPlugin,
  readLinkedPlugins,
  unlinkPlugin,
} from "../../plugins/linked-plugins.ts";

export default class PluginsUnlink extends McpCommand {
  static override summary = "take the commands of a linked plugin away again";
  static override description = "Its folder stays as it is.";
  static override args = { plugin: requiredArgument({ description: "name of the plugin" }) };
  static override examples = ["<%= config.bin %> plugins unlink @mcp/plugin-hello"];

  async run(): Promise<LinkedPlugin> {
    const { args } = await this.parse(PluginsUnlink);
    const dataDir = dataDirOf(process.env);
    const linked = readLinkedPlugins(dataDir);
    const plugin = linked.find(({ name }) => name === args.plugin);
    if (!plugin) throw notLinked(args.plugin, linked);
    unlinkPlugin(dataDir, plugin.name);
    this.print(`${plugin.name} is no longer linked`);
    return plugin;
  }
}

function notLinked(name: string, linked: readonly LinkedPlugin[]): Problem {
  const near = nearest(
    name,
    linked.map((one) => one.name),
  );
  return new Problem(
    "usage",
    `no plugin ${JSON.stringify(name)} is linked`,
    near === undefined ? "see those that are: mcp plugins list" : `did you mean ${near}?`,
  );
}
