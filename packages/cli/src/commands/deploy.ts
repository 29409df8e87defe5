import { boolean, string } from "@oclif/core/flags";
import { optionalArgument } from "../argument.ts";
import { asTyped, sent, wantedDefinition } from "../definition/wanted-definition.ts";
import { OperationCommand } from "../operation-command.ts";
import type { OperationReport } from "../reports/operation-report.ts";
import { type PlanReport, planReport } from "../reports/service-reports.ts";
import { planView } from "../views/plan-view.ts";

export default class Deploy extends OperationCommand {
  static override summary = "make a service on its node match its definition";
  static override description =
    "Reads the definition, sends it to the node, and shows each step until all of it is done. What is as it should be " +
    "already is left alone. If a new version does not stay up, the old one is brought back, its last log lines are " +
    "shown, and the exit code is 5.";
  static override args = {
    service: optionalArgument({
      description: "service, or service/component; its file is SERVICE.toml in the services folder",
    }),
  };
  static override flags = {
    file: string({ char: "f", summary: "read this definition; - is standard input", helpValue: "FILE" }),
    "dry-run": boolean({ summary: "only show what would be done, and why" }),
    verbose: boolean({
      char: "v",
      summary: "with --dry-run: also the instances that would go, and what each step waits for",
    }),
  };
  static override examples = [
    { description: "deploy ~/.config/mcp/services/hello.toml", command: "<%= config.bin %> deploy hello" },
    { description: "one component of it", command: "<%= config.bin %> deploy hello/web" },
    { description: "a file from elsewhere", command: "<%= config.bin %> deploy --file hello.toml" },
    { description: "see first what it would do", command: "<%= config.bin %> deploy hello --dry-run" },
  ];

  async run(): Promise<OperationReport | PlanReport> {
    const { args, flags } = await this.parse(Deploy);
    const asked = { command: "deploy", target: args.service, file: flags.file };
    const { target, node, definition, componentCount, isInactive } = await wantedDefinition(
      await this.mcpConfig(flags),
      asked,
    );
    const { component = "" } = target;
    const agent = await this.agentFor(flags, node);
    if (flags["dry-run"]) {
      const report = planReport(
        await sent(definition, agent.plan({ deploy: definition, component }, this.patience)),
      );
      this.print(planView(report, this.style, flags.verbose));
      return report;
    }
    const done = this.carryOut({
      agent,
      target,
      again: asTyped(asked, target),
      start: (requestId, signal) => agent.deploy({ requestId, definition, component }, { signal }),
      isInactive,
      ...(component === "" && { componentCount }),
    });
    return sent(definition, done);
  }
}
