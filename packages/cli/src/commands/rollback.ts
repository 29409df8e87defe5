import { string } from "@oclif/core/flags";
import { requiredArgument } from "../argument.ts";
import { parseRevision } from "../definition/moment.ts";
import { parseService } from "../definition/target.ts";
import { OperationCommand } from "../operation-command.ts";
import type { OperationReport } from "../reports/operation-report.ts";

export default class Rollback extends OperationCommand {
  static override summary = "go back to the revision that ran before";
  static override description =
    "Deploys an earlier revision again, exactly as it was, images included. Without --to it is the one that was current " +
    "before this one.";
  static override args = { service: requiredArgument({ description: "service" }) };
  static override flags = {
    to: string({ summary: "this revision, as mcp service history numbers them", helpValue: "REVISION" }),
  };
  static override examples = ["<%= config.bin %> rollback hello", "<%= config.bin %> rollback hello --to 3"];

  async run(): Promise<OperationReport> {
    const { args, flags } = await this.parse(Rollback);
    const service = parseService(args.service);
    const revision = flags.to === undefined ? "0" : String(parseRevision(flags.to));
    const agent = await this.agentFor(flags);
    return this.carryOut({
      agent,
      target: { service },
      start: (requestId, signal) => agent.rollback({ requestId, service, revision }, { signal }),
      // The command has no definition to read it in.
      isInactive: () =>
        agent.getService({ service }, { timeoutMs: 5_000 }).then(
          ({ service: summary }) => summary?.inactive ?? false,
          () => false,
        ),
    });
  }
}
