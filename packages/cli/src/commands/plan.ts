import { boolean, string } from "@oclif/core/flags";
import { AgentCommand } from "../agent-command.ts";
import { optionalArgument } from "../argument.ts";
import { sent, wantedDefinition } from "../definition/wanted-definition.ts";
import { type PlanReport, planReport } from "../reports/service-reports.ts";
import { planView } from "../views/plan-view.ts";

export default class Plan extends AgentCommand {
  static override summary = "show what a deploy would do, and why";
  static override description =
    "Asks the node for the steps that a deploy of this definition would take now, each with its reason. Changes nothing.";
  static override args = {
    service: optionalArgument({
      description: "service, or service/component; its file is SERVICE.toml in the services folder",
    }),
  };
  static override flags = {
    file: string({ char: "f", summary: "read this definition; - is standard input", helpValue: "FILE" }),
    verbose: boolean({
      char: "v",
      summary: "also the instances that would go, and what each step waits for",
    }),
  };
  static override examples = ["<%= config.bin %> plan hello", "<%= config.bin %> plan --file hello.toml -v"];

  async run(): Promise<PlanReport> {
    const { args, flags } = await this.parse(Plan);
    const { target, node, definition } = await wantedDefinition(await this.mcpConfig(flags), {
      command: "plan",
      target: args.service,
      file: flags.file,
    });
    const agent = await this.agentFor(flags, node);
    const component = target.component ?? "";
    const report = planReport(
      await sent(definition, agent.plan({ deploy: definition, component }, this.patience)),
    );
    this.print(planView(report, this.style, flags.verbose));
    return report;
  }
}
