import { AgentCommand } from "../../agent-command.ts";
import { optionalArgument } from "../../argument.ts";
import { type NodeReport, nodeReport } from "../../reports/node-reports.ts";
import { nodeView } from "../../views/node-view.ts";

export default class NodeStatus extends AgentCommand {
  static override summary = "show a node: versions, memory, disks, and what can run on it";
  static override args = { node: optionalArgument({ description: "node; the same as --node" }) };
  static override examples = ["<%= config.bin %> node status", "<%= config.bin %> node status rift"];

  async run(): Promise<NodeReport> {
    const { args, flags } = await this.parse(NodeStatus);
    const agent = await this.agentFor({ config: flags.config, node: args.node ?? flags.node });
    const { node = {} } = await agent.nodeStatus({}, { signal: this.signal });
    const report = nodeReport(node);
    this.print(nodeView(report, Date.now(), this.style));
    return report;
  }
}
