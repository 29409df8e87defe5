import { requiredArgument } from "../argument.ts";
import { parseService } from "../definition/target.ts";
import { OperationCommand } from "../operation-command.ts";
import type { OperationReport } from "../reports/operation-report.ts";

export default class Undeploy extends OperationCommand {
  static override summary = "stop a service and take it off its node";
  static override description =
    "Stops and removes everything of it. Its volumes stay, and so does its definition; images and networks stay too, since others may use them. Its revisions are kept as history " +
    "(mcp service history), and a later deploy numbers on from them.";
  static override args = { service: requiredArgument({ description: "service" }) };
  static override examples = ["<%= config.bin %> undeploy hello"];

  async run(): Promise<OperationReport> {
    const { args, flags } = await this.parse(Undeploy);
    const service = parseService(args.service);
    const agent = await this.agentFor(flags);
    return this.carryOut({
      agent,
      target: { service },
      start: (requestId, signal) => agent.undeploy({ requestId, service }, { signal }),
    });
  }
}
