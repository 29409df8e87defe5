import { AgentCommand } from "../../agent-command.ts";
import { requiredArgument } from "../../argument.ts";
import { parseService } from "../../definition/target.ts";
import { type HistoryReport, historyReport } from "../../reports/service-reports.ts";
import { historyView } from "../../views/history-view.ts";

export default class ServiceHistory extends AgentCommand {
  static override summary = "list the revisions of a service";
  static override description = "The newest first. To go back to one: mcp rollback SERVICE --to REVISION.";
  static override args = { service: requiredArgument({ description: "service" }) };
  static override examples = ["<%= config.bin %> service history hello"];

  async run(): Promise<HistoryReport> {
    const { args, flags } = await this.parse(ServiceHistory);
    const service = parseService(args.service);
    const agent = await this.agentFor(flags);
    const report = historyReport(service, await agent.listRevisions({ service }, { signal: this.signal }));
    this.print(historyView(report, Date.now(), this.style));
    return report;
  }
}
