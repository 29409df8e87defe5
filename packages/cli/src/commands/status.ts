import { AgentCommand } from "../agent-command.ts";
import { optionalArgument } from "../argument.ts";
import { parseService } from "../definition/target.ts";
import { type StatusReport, statusReport } from "../reports/status-report.ts";
import { statusView } from "../views/status-view.ts";

export default class Status extends AgentCommand {
  static override summary = "show what should run, what does, and what differs";
  static override description =
    "For every component what is wanted and what is seen, each difference with its reason, and the last events.";
  static override args = { service: optionalArgument({ description: "only this service" }) };
  static override examples = ["<%= config.bin %> status", "<%= config.bin %> status hello"];

  async run(): Promise<StatusReport> {
    const { args, flags } = await this.parse(Status);
    const service = args.service === undefined ? "" : parseService(args.service);
    const agent = await this.agentFor(flags);
    const report = statusReport(await agent.status({ service }, { signal: this.signal }));
    this.print(statusView(report, Date.now(), this.style));
    return report;
  }
}
