import { type Clock, isProblem, Problem, withTimeLimit } from "@mcp/base";
import { type Alert, type AlertChannel, alertJSON, headline, targetOf } from "./channel.ts";
import { readSecret, withoutSecret } from "./secret-file.ts";
import { reasonOf, trusted, untrustedHint } from "./webhook.ts";

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** `starttls` refuses a server that does not offer it; `tls` is TLS from the first byte. */
  readonly tls: "starttls" | "tls" | "none";
  readonly user?: string;
  readonly passwordFile?: string;
  readonly caFile?: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly clock: Clock;
}

const timeLimitMs = 45_000;
/** For each part of the conversation. */
const silenceMs = 20_000;

/** Sends each alert as a plain text by SMTP. The library is loaded with the first one. */
export function emailChannel(options: EmailOptions): AlertChannel {
  const { host, port, tls, user, from, to, clock } = options;
  const server = `${host}:${port}`;
  const failed = (what: string, hint = byHand(options)): Problem => new Problem("alert_failed", what, hint);
  return {
    name: "email",
    target: targetOf(...[...to].sort()),
    async send(alert, signal) {
      const password =
        options.passwordFile === undefined ? undefined : await readSecret(options.passwordFile);
      const ca = options.caFile === undefined ? undefined : await trusted(options.caFile);
      const { createTransport } = await import("nodemailer");
      const transport = createTransport({
        host,
        port,
        secure: tls === "tls",
        requireTLS: tls === "starttls",
        ignoreTLS: tls === "none",
        ...(user !== undefined && { auth: { user, pass: password ?? "" } }),
        ...(ca && { tls: { ca: [...ca] } }),
        connectionTimeout: silenceMs,
        greetingTimeout: silenceMs,
        socketTimeout: silenceMs,
        // What an alert says can never name a file or an address to be fetched.
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const silent = (): Problem => failed(`${server} did not take it within ${timeLimitMs / 1_000} s`);
      try {
        const { rejected } = await withTimeLimit(clock, timeLimitMs, signal, silent, (limit) =>
          transport.sendMail({
            from: { name: "", address: from },
            to: to.map((address) => ({ name: "", address })),
            subject: headline(alert).slice(0, 200),
            text: bodyOf(alert),
            date: new Date(alert.message.atMs),
            signal: limit,
          }),
        );
        return rejected.length === 0
          ? undefined
          : failed(`${server} does not take mail for ${rejected.join(", ")}`, "correct monitor.email_to");
      } catch (thrown) {
        signal.throwIfAborted();
        if (isProblem(thrown)) throw thrown;
        const reason = withoutSecret(explain(thrown), password);
        throw failed(`${server} did not take it: ${reason}`, untrustedHint(reason));
      } finally {
        transport.close();
      }
    },
  };
}

/** What the server answered, if it did. */
function explain(thrown: unknown): string {
  const { response, message } = thrown as { response?: string; message: string };
  return response ?? `${message} (${reasonOf(thrown)})`;
}

export function bodyOf(alert: Alert): string {
  const { node, service, component, title, text, hint, at, code, severity, state } = alertJSON(alert);
  const about = [service, component].filter((part) => part !== "").join("/");
  const facts: readonly (readonly [string, string])[] = [
    ["node", node],
    ["about", about],
    ["state", `${state}, ${severity}`],
    ["code", code],
    ["at", at],
  ];
  return [
    title,
    "",
    text,
    ...(hint === "" ? [] : ["", `→ ${hint}`]),
    "",
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}`),
    "",
  ].join("\n");
}

const handHints = {
  starttls: "openssl s_client -starttls smtp -connect",
  tls: "openssl s_client -connect",
  none: "nc",
};

function byHand({ host, port, tls }: EmailOptions): string {
  return `see what it says: ${handHints[tls]} ${tls === "none" ? `${host} ${port}` : `${host}:${port}`}`;
}
