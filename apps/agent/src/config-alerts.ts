import type { AgentConfig, ConfigKeyName } from "./config-keys.ts";

interface Contradiction {
  readonly key: ConfigKeyName;
  readonly message: string;
}

/** What is right key by key, and wrong together: better said at the start than when something has to be told. */
export function alertMistakes(config: AgentConfig): readonly Contradiction[] {
  const mistakes: Contradiction[] = [];
  const need = (isWrong: boolean, key: ConfigKeyName, message: string): void => {
    if (isWrong) mistakes.push({ key, message });
  };
  const url = config["monitor.webhook_url"] === "" ? undefined : new URL(config["monitor.webhook_url"]);
  const hasToken = config["monitor.webhook_token_file"] !== "";
  need(hasToken && !url, "monitor.webhook_token_file", "is for monitor.webhook_url, which is not set");
  need(
    hasToken && url?.protocol === "http:" && !isThisMachine(url.hostname),
    "monitor.webhook_url",
    "must be https: a token is not sent in the clear",
  );

  const host = config["monitor.smtp_host"];
  const to = config["monitor.email_to"];
  need(host.trim() !== host || /\s/.test(host), "monitor.smtp_host", "must be the name of a host");
  need(host !== "" && to.length === 0, "monitor.smtp_host", "needs monitor.email_to: who gets the mail");
  need(
    host !== "" && config["monitor.email_from"] === "",
    "monitor.smtp_host",
    "needs monitor.email_from: whom it comes from",
  );
  need(to.length > 0 && host === "", "monitor.email_to", "needs monitor.smtp_host: who takes the mail");
  const user = config["monitor.smtp_user"];
  const password = config["monitor.smtp_password_file"];
  need(user !== "" && password === "", "monitor.smtp_user", "needs monitor.smtp_password_file");
  need(password !== "" && user === "", "monitor.smtp_password_file", "needs monitor.smtp_user");
  need(
    user !== "" && config["monitor.smtp_tls"] === "none",
    "monitor.smtp_tls",
    "must not be none where there is a password: it would be sent in the clear",
  );
  return mistakes;
}

const isThisMachine = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
