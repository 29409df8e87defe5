import { boolean } from "@oclif/core/flags";
import { AgentCommand } from "../agent-command.ts";
import { optionalArgument } from "../argument.ts";
import { parseService } from "../definition/target.ts";
import { type PsReport, psReport } from "../reports/status-report.ts";
import { psView } from "../views/ps-view.ts";

export default class Ps extends AgentCommand {
  static override summary = "show what runs at this moment";
  static override description =
    "Asks podman and QEMU themselves, so it is true now. With --wide also use of memory and cpu, which takes longer.";
  static override args = { service: optionalArgument({ description: "only this service" }) };
  static override flags = {
    wide: boolean({ char: "w", summary: "also revision, memory, cpu, address and image" }),
  };
  static override examples = ["<%= config.bin %> ps", "<%= config.bin %> ps hello --wide"];

  async run(): Promise<PsReport> {
    const { args, flags } = await this.parse(Ps);
    const service = args.service === undefined ? "" : parseService(args.service);
    const agent = await this.agentFor(flags);
    const { wide } = flags;
    const report = psReport(await agent.liveCheck({ service, usage: wide }, { signal: this.signal }));
    this.print(psView(report, { nowMs: Date.now(), style: this.style, wide }));
    return report;
  }
}
