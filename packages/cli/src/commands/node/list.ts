import { AgentCommand } from "../../agent-command.ts";
import type { NodeListReport } from "../../reports/node-reports.ts";
import { nodeListView } from "../../views/node-view.ts";

export default class NodeList extends AgentCommand {
  static override summary = "list the nodes of this workstation's configuration";
  static override description =
    "Those under [[nodes]] in mcp.toml; without any it is the agent of this machine. Asks none of them: for that, mcp node status.";
  static override examples = ["<%= config.bin %> node list"];

  async run(): Promise<NodeListReport> {
    const { flags } = await this.parse(NodeList);
    const { nodes } = await this.mcpConfig(flags);
    const report = {
      nodes: nodes.map(({ name, address }, index) => ({ name, address, isDefault: index === 0 })),
    };
    this.print(nodeListView(report, this.style));
    return report;
  }
}
