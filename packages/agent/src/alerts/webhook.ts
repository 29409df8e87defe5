import { readFile } from "node:fs/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { rootCertificates } from "node:tls";
import { type Clock, Problem, withTimeLimit } from "@mcp/base";
import { type AlertChannel, alertJSON, targetOf } from "./channel.ts";
import { readSecret } from "./secret-file.ts";

export interface WebhookOptions {
  readonly url: string;
  /** Its content is sent as a bearer token. */
  readonly tokenFile?: string;
  /** Certificate authorities to trust besides the usual ones, as PEM. */
  readonly caFile?: string;
  readonly clock: Clock;
}

const timeLimitMs = 15_000;

/** Sends each alert as JSON in a POST request. A redirect is a failure: the token is for this host alone. */
export function webhookChannel({ url, tokenFile, caFile, clock }: WebhookOptions): AlertChannel {
  const target = new URL(url);
  // Paths and queries of such addresses are often secrets.
  const host = target.origin;
  const failed = (what: string, hint = `see whether it answers: curl -i ${host}`): Problem =>
    new Problem("alert_failed", what, hint);
  return {
    name: "webhook",
    target: targetOf(url),
    async send(alert, signal) {
      const token = tokenFile === undefined ? undefined : await readSecret(tokenFile);
      const ca = caFile === undefined ? undefined : await trusted(caFile);
      const silent = (): Problem => failed(`${host} did not answer within ${timeLimitMs / 1_000} s`);
      const status = await withTimeLimit(clock, timeLimitMs, signal, silent, (limit) =>
        post(target, JSON.stringify(alertJSON(alert)), { token, ca }, limit).catch((cause: unknown) => {
          limit.throwIfAborted();
          const reason = reasonOf(cause);
          throw failed(`${host} could not be reached: ${reason}`, untrustedHint(reason));
        }),
      );
      if (status >= 300 && status < 400)
        throw failed(
          `${host} answered with a redirect (${status}), which is not followed`,
          "set monitor.webhook_url to where it leads",
        );
      if (status < 200 || status >= 300) throw failed(`${host} answered ${status}`);
      return undefined;
    },
  };
}

interface Credentials {
  readonly token: string | undefined;
  readonly ca: readonly string[] | undefined;
}

/** The status; of the answer nothing else is read. */
function post(url: URL, body: string, { token, ca }: Credentials, signal: AbortSignal): Promise<number> {
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: "POST",
      // A connection of its own, closed afterwards.
      agent: false,
      signal,
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "user-agent": "mcp-agent",
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(ca && { ca: [...ca] }),
    });
    request.once("response", (response) => {
      response.on("error", () => {});
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** @throws Problem `alert_failed` */
export async function trusted(caFile: string): Promise<readonly string[]> {
  const own = await readFile(caFile, "utf8").catch((cause: unknown) => {
    throw new Problem(
      "alert_failed",
      `the certificates in ${caFile} cannot be read`,
      `look at: ls -l ${caFile}`,
      {
        cause,
      },
    );
  });
  return [...rootCertificates, own];
}

/** Its code where it has one: messages of TLS and of the resolver hold the host, and little else. */
export function reasonOf(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return code ?? message;
}

const certificateHint = "name the file of the authority that vouches for it as monitor.alert_ca_file";

/** What to do where a certificate is not trusted; undefined for all else. */
export const untrustedHint = (reason: string): string | undefined =>
  /certificate|CERT|UNABLE_TO_VERIFY/.test(reason) ? certificateHint : undefined;
