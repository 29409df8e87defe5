import {
  type AlertChannel,
  type AlertOptions,
  commandChannel,
  emailChannel,
  webhookChannel,
} from "@mcp/agent";
import { realClock, run } from "@mcp/host";
import type { AgentConfig } from "./config.ts";

/** How this node tells what is wrong. Files with secrets are read when there is something to tell. */
export function wireAlerts(config: AgentConfig): AlertOptions {
  return {
    channels: [...command(config), ...webhook(config), ...email(config)],
    settings: {
      cooldownMs: config["monitor.alert_cooldown"],
      flapThreshold: config["monitor.flap_threshold"],
      flapWindowMs: config["monitor.flap_window"],
    },
  };
}

function command(config: AgentConfig): AlertChannel[] {
  const argv = config["monitor.alert_command"];
  return argv.length === 0 ? [] : [commandChannel(argv, run)];
}

function webhook(config: AgentConfig): AlertChannel[] {
  const url = config["monitor.webhook_url"];
  if (url === "") return [];
  const tokenFile = config["monitor.webhook_token_file"];
  return [webhookChannel({ url, clock: realClock, ...(tokenFile !== "" && { tokenFile }), ...ca(config) })];
}

function email(config: AgentConfig): AlertChannel[] {
  const host = config["monitor.smtp_host"];
  if (host === "") return [];
  const [user, passwordFile] = [config["monitor.smtp_user"], config["monitor.smtp_password_file"]];
  return [
    emailChannel({
      host,
      port: config["monitor.smtp_port"],
      tls: config["monitor.smtp_tls"],
      from: config["monitor.email_from"],
      to: config["monitor.email_to"],
      clock: realClock,
      ...(user !== "" && { user, passwordFile }),
      ...ca(config),
    }),
  ];
}

const ca = (config: AgentConfig): { readonly caFile?: string } =>
  config["monitor.alert_ca_file"] === "" ? {} : { caFile: config["monitor.alert_ca_file"] };
