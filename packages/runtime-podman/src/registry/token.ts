import { Problem } from "@mcp/base";
import type { Credentials } from "./auth-file.ts";
import type { WebReply, WebRequest } from "./https.ts";

export interface TokenRequest {
  readonly realm: string;
  readonly service?: string;
  readonly scope: string;
}

/**
 * A bearer token from where the registry says that they are given out; undefined if it gives none.
 *
 * @param mayBePlain  whether the realm may be spoken to without TLS.
 * @throws Problem `registry_refused` for a realm that would see the credentials in the clear.
 */
export async function fetchToken(
  { realm, service, scope }: TokenRequest,
  credentials: Credentials | undefined,
  mayBePlain: boolean,
  send: (url: URL, request: WebRequest) => Promise<WebReply>,
): Promise<string | undefined> {
  const url = realmUrl(realm, mayBePlain);
  const reply = credentials?.identityToken
    ? await send(url, refresh(credentials.identityToken, service, scope))
    : await send(withQuery(url, service, scope), { method: "GET", headers: basic(credentials) });
  if (reply.status !== 200) return undefined;
  return tokenIn(reply.body.toString("utf8"));
}

function realmUrl(realm: string, mayBePlain: boolean): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url?.protocol === "https:" || (mayBePlain && url?.protocol === "http:")) return url;
  throw new Problem(
    "registry_refused",
    "the registry sends its users to a place without TLS for their tokens, where a password could be read",
    "have the registry's token service put behind TLS",
  );
}

function withQuery(url: URL, service: string | undefined, scope: string): URL {
  const asked = new URL(url);
  if (service !== undefined) asked.searchParams.set("service", service);
  asked.searchParams.set("scope", scope);
  return asked;
}

function basic(credentials: Credentials | undefined): Record<string, string> {
  if (!credentials) return {};
  const { username, password } = credentials;
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

function refresh(identityToken: string, service: string | undefined, scope: string): WebRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: identityToken,
    client_id: "mcp",
    scope,
    ...(service !== undefined && { service }),
  });
  return {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  };
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token } = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    const found = token ?? access_token;
    return typeof found === "string" && found !== "" ? found : undefined;
  } catch {
    return undefined;
  }
}
