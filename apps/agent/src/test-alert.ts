import type { Alert } from "@mcp/agent";
import { asProblem, Problem } from "@mcp/base";
import { realClock } from "@mcp/host";
import type { AgentConfig } from "./config.ts";
import { wireAlerts } from "./wire-alerts.ts";

/**
 * Tell one message through every channel of the config, beside an agent or without one, and say what became of each.
 *
 * @throws Problem `alert_failed` if one of them failed, or there is none
 */
export async function testAlert(config: AgentConfig): Promise<void> {
  const { channels } = wireAlerts(config);
  if (channels.length === 0)
    throw new Problem(
      "alert_failed",
      "this config has no way to tell an alert",
      "set monitor.alert_command, monitor.webhook_url or monitor.smtp_host: see docs/alerts.md",
    );
  const alert = testMessage(config["agent.node"]);
  const failed: string[] = [];
  for (const channel of channels) {
    const problem = await channel.send(alert, new AbortController().signal).catch(asProblem);
    if (problem) failed.push(channel.name);
    const text = problem
      ? `failed: ${problem.message.replaceAll("\n", "\n  ")}\n  → ${problem.hint}`
      : "told";
    process.stdout.write(`${channel.name}: ${text}\n`);
  }
  if (failed.length > 0)
    throw new Problem(
      "alert_failed",
      `${failed.length} of ${channels.length} ways to tell an alert failed: ${failed.join(", ")}`,
      "correct what is said above, and try again",
    );
}

const testMessage = (node: string): Alert => ({
  node,
  message: {
    state: "firing",
    code: "test",
    service: "",
    component: "",
    subject: "",
    severity: "warning",
    title: "this is a test",
    text: "Alerts of this node arrive where this does.",
    hint: "",
    atMs: realClock.now(),
    of: [],
  },
});
