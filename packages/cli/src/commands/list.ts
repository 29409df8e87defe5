import { AgentCommand } from "../agent-command.ts";
import { type ListReport, listReport } from "../reports/service-reports.ts";
import { listView } from "../views/list-view.ts";

export default class List extends AgentCommand {
  static override summary = "list the services of a node";
  static override description =
    "What the node is to run, by its own record. For what it does run: mcp status, mcp ps.";
  static override examples = ["<%= config.bin %> list", "<%= config.bin %> list --node rift --json"];

  async run(): Promise<ListReport> {
    const { flags } = await this.parse(List);
    const agent = await this.agentFor(flags);
    const report = listReport(await agent.listServices({}, { signal: this.signal }));
    this.print(listView(report, Date.now(), this.style));
    return report;
  }
}
