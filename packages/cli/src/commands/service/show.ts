import { isProblem, Problem } from "@mcp/base";
import type { AgentClient } from "@mcp/client";
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
    const found = await agent
      .getService({ service, revision }, { signal: this.signal })
      .catch(async (thrown) => {
        throw isProblem(thrown) && thrown.code === "service_not_found"
          ? await withHistory(thrown, service, agent)
          : thrown;
      });
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

/** The same problem, with what is left of a service that was undeployed. */
async function withHistory(problem: Problem, service: string, agent: AgentClient): Promise<Problem> {
  if (!(await hasHistory(service, agent))) return problem;
  return new Problem(
    problem.code,
    `${service} is not on this node any more; it was undeployed`,
    `its revisions are kept as history: mcp service history ${service}`,
    { cause: problem },
  );
}

async function hasHistory(service: string, agent: AgentClient): Promise<boolean> {
  try {
    const { revisions = [] } = await agent.listRevisions({ service }, { timeoutMs: 5_000 });
    return revisions.length > 0;
  } catch (thrown) {
    if (isProblem(thrown)) return false;
    throw thrown;
  }
}
