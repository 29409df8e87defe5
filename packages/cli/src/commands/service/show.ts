import { Problem } from "@mcp/base";
import { string } from "@oclif/core/flags";
import { AgentCommand } from "../../agent-command.ts";
import { requiredArgument } from "../../argument.ts";
import { parseRevision } from "../../definition/moment.ts";
import { parseService } from "../../definition/target.ts";
import { type ShowReport, showReport } from "../../reports/service-reports.ts";
import { showView } from "../../views/history-view.ts";

export default class ServiceShow extends AgentCommand {
  static override summary = "show the definition that a node has of a service";
  static override description =
    "The definition of its current revision, or of the one that --revision names, as a file that can be deployed.";
  static override args = { service: requiredArgument({ description: "service" }) };
  static override flags = {
    revision: string({ summary: "this revision, not the current one", helpValue: "REVISION" }),
  };
  static override examples = [
    "<%= config.bin %> service show hello",
    "<%= config.bin %> service show hello --revision 2 > hello.toml",
  ];

  async run(): Promise<ShowReport> {
    const { args, flags } = await this.parse(ServiceShow);
    const service = parseService(args.service);
    const revision = flags.revision === undefined ? "0" : String(parseRevision(flags.revision));
    const agent = await this.agentFor(flags);
    const found = await agent.getService({ service, revision }, { signal: this.signal });
    if (!found.revision) throw noRevision(service, revision);
    const report = showReport(found);
    this.print(showView(report, Date.now(), this.style));
    return report;
  }
}

const noRevision = (service: string, revision: string): Problem =>
  new Problem(
    "revision_not_found",
    revision === "0"
      ? `no revision of ${service} is current yet`
      : `there is no revision ${revision} of ${service}`,
    `see those there are with: mcp service history ${service}`,
  );
