import { requiredArgument } from "../argument.ts";
import { parseTarget, printTarget } from "../definition/target.ts";
import { OperationCommand } from "../operation-command.ts";
import type { OperationReport } from "../reports/operation-report.ts";

export default class Stop extends OperationCommand {
  static override summary = "stop a service, and keep it stopped";
  static override description =
    "It stays stopped, also after a restart of the agent or of the node, until mcp start or mcp deploy.";
  static override args = {
    service: requiredArgument({ description: "service, or service/component" }),
  };
  static override examples = ["<%= config.bin %> stop hello", "<%= config.bin %> stop hello/web"];

  async run(): Promise<OperationReport> {
    const { args, flags } = await this.parse(Stop);
    const target = parseTarget(args.service);
    const agent = await this.agentFor(flags);
    return this.carryOut({
      agent,
      target,
      again: `stop ${printTarget(target)}`,
      start: (requestId, signal) => agent.stop({ requestId, ...target }, { signal }),
    });
  }
}
