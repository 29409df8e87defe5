import { exitCodeOf } from "@mcp/base";
import { AgentCommand } from "../agent-command.ts";
import { type DoctorReport, doctorReport } from "../reports/node-reports.ts";
import { doctorView } from "../views/doctor-view.ts";

export default class Doctor extends AgentCommand {
  static override summary = "check a node, and say what to type where something is wrong";
  static override description = "The exit code is 6 if a check failed, and 0 if there are warnings at most.";
  static override examples = ["<%= config.bin %> doctor", "<%= config.bin %> doctor --node rift"];

  async run(): Promise<DoctorReport> {
    const { flags } = await this.parse(Doctor);
    const agent = await this.agentFor(flags);
    const report = doctorReport(await agent.doctor({}, this.patience));
    this.print(doctorView(report, this.style));
    if (report.checks.some(({ outcome }) => outcome === "failed"))
      process.exitCode = exitCodeOf("unsatisfied");
    return report;
  }
}
