import { McpCommand } from "../../mcp-command.ts";
import { dataDirOf, readLinkedPlugins } from "../../plugins/linked-plugins.ts";
import { type PluginsReport, pluginsView } from "../../views/plugins-view.ts";

export default class PluginsList extends McpCommand {
  static override summary = "list the plugins that are linked";
  static override examples = ["<%= config.bin %> plugins list"];

  async run(): Promise<PluginsReport> {
    await this.parse(PluginsList);
    const report = { plugins: readLinkedPlugins(dataDirOf(process.env)) };
    this.print(pluginsView(report, this.style));
    return report;
  }
}
