import { isProblem, type Mistake } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { parseConfig } from "./config.ts";
import { wireAlerts } from "./wire-alerts.ts";

const parse = (monitor: string, environment: Record<string, string> = {}) =>
  parseConfig(`[agent]\nnode = "rift"\n[monitor]\n${monitor}\n`, "mcp-agent.toml", environment);

function mistakesOf(monitor: string): readonly Mistake[] {
  try {
    parse(monitor);
  } catch (thrown) {
    if (isProblem(thrown)) return thrown.mistakes;
    throw thrown;
  }
  return [];
}

const messagesOf = (monitor: string): string[] =>
  mistakesOf(monitor).map(({ key, message }) => `${key} ${message}`);

const mail = 'smtp_host = "mail.example"\nemail_from = "mcp@example.org"\nemail_to = ["ada@example.org"]\n';

describe("the keys of alerts", () => {
  it("tell by nothing, where nothing is set", () => {
    expect(wireAlerts(parse(""))).toEqual({
      channels: [],
      settings: { cooldownMs: 21_600_000, flapThreshold: 5, flapWindowMs: 600_000 },
    });
  });

  it("tell by all that is set, also from the environment", () => {
    const config = parse(`${mail}webhook_url = "https://example.org/alerts"\nflap_threshold = 3`, {
      MCP_AGENT_MONITOR_ALERT_COMMAND: "/usr/local/bin/page,--loud",
      MCP_AGENT_MONITOR_SMTP_PORT: "2525",
    });
    expect(config["monitor.alert_command"]).toEqual(["/usr/local/bin/page", "--loud"]);
    expect(config["monitor.smtp_port"]).toBe(2525);
    const { channels, settings } = wireAlerts(config);
    expect(channels.map(({ name }) => name)).toEqual(["command", "webhook", "email"]);
    expect(settings.flapThreshold).toBe(3);
  });

  it("are refused one by one", () => {
    expect(
      messagesOf(
        'alert_command = [""]\nflap_threshold = 0\nwebhook_url = "ftp://example.org"\nsmtp_port = 70000\nemail_to = ["Ada <ada@example.org>"]\nemail_from = "a@b\\r\\nBcc: c@d"',
      ).sort(),
    ).toEqual([
      "monitor.alert_command must begin with a program",
      'monitor.email_from must be an address, such as "mcp@example.org"',
      'monitor.email_to must be an address, such as "mcp@example.org"',
      "monitor.flap_threshold must be a whole number from 1 to 1000",
      "monitor.smtp_port must be a whole number from 1 to 65535",
      "monitor.webhook_url must be a URL, such as https://example.org/alerts",
    ]);
    expect(messagesOf('webhook_url = "https://user:pass@example.org/"')).toEqual([
      "monitor.webhook_url must not hold a user or a password: put a token into a file, see webhook_token_file",
    ]);
  });

  it("must make sense together, each mistake with its line", () => {
    expect(mistakesOf('smtp_host = "mail.example"')).toEqual([
      { key: "monitor.smtp_host", line: 4, message: "needs monitor.email_to: who gets the mail" },
      { key: "monitor.smtp_host", line: 4, message: "needs monitor.email_from: whom it comes from" },
    ]);
    expect(messagesOf('email_to = ["ada@example.org"]')).toEqual([
      "monitor.email_to needs monitor.smtp_host: who takes the mail",
    ]);
    expect(messagesOf(`${mail}smtp_user = "mcp"`)).toEqual([
      "monitor.smtp_user needs monitor.smtp_password_file",
    ]);
    expect(messagesOf('webhook_token_file = "/srv/mcp/token"')).toEqual([
      "monitor.webhook_token_file is for monitor.webhook_url, which is not set",
    ]);
  });

  it("send no secret in the clear, except to this machine", () => {
    const secret = 'smtp_user = "mcp"\nsmtp_password_file = "/srv/mcp/password"\n';
    expect(messagesOf(`${mail}${secret}smtp_tls = "none"`)).toEqual([
      "monitor.smtp_tls must not be none where there is a password: it would be sent in the clear",
    ]);
    const token = 'webhook_token_file = "/srv/mcp/token"\n';
    expect(messagesOf(`${token}webhook_url = "http://example.org/"`)).toEqual([
      "monitor.webhook_url must be https: a token is not sent in the clear",
    ]);
    for (const host of ["127.0.0.1:8080", "localhost", "[::1]:80"])
      expect(messagesOf(`${token}webhook_url = "http://${host}/"`)).toEqual([]);
    expect(messagesOf(`${token}webhook_url = "http://127.0.0.1.example.org/"`)).toHaveLength(1);
  });
});
