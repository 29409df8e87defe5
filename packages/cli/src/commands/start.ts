import { requiredArgument } from "../argument.ts";
import { parseTarget, printTarget } from "../definition/target.ts";
import { OperationCommand } from "../operation-command.ts";
import type { OperationReport } from "../reports/operation-report.ts";

export default class Start extends OperationCommand {
  static override summary = "start a service that was stopped";
  static override description = "Brings back what mcp stop ended, at the revision that was current.";
  static override args = {
    service: requiredArgument({ description: "service, or service/component" }),
  };
  static override examples = ["<%= config.bin %> start hello", "<%= config.bin %> start hello/web"];

  async run(): Promise<OperationReport> {
    const { args, flags } = await this.parse(Start);
    const target = parseTarget(args.service);
    const agent = await this.agentFor(flags);
    return this.carryOut({
      agent,
      target,
      again: `start ${printTarget(target)}`,
      start: (requestId, signal) => agent.start({ requestId, ...target }, { signal }),
    });
  }
}
