import { requiredArgument } from "../argument.ts";
import { parseTarget } from "../definition/target.ts";
import { OperationCommand } from "../operation-command.ts";
import type { OperationReport } from "../reports/operation-report.ts";

export default class Restart extends OperationCommand {
  static override summary = "stop a service and start it again";
  static override description =
    "Each component is stopped and started again as it is: the same instance, at the current revision.";
  static override args = {
    service: requiredArgument({ description: "service, or service/component" }),
  };
  static override examples = ["<%= config.bin %> restart hello", "<%= config.bin %> restart hello/web"];

  async run(): Promise<OperationReport> {
    const { args, flags } = await this.parse(Restart);
    const target = parseTarget(args.service);
    const agent = await this.agentFor(flags);
    return this.carryOut({
      agent,
      target,
      start: (requestId, signal) => agent.restart({ requestId, ...target }, { signal }),
    });
  }
}
