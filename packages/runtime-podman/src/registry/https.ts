import { readdir, readFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { join } from "node:path";
import tls from "node:tls";

export interface WebRequest {
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Certificates to trust besides the machine's own. */
  readonly ca?: readonly string[];
  /** Do not check the server's certificate. */
  readonly insecure?: boolean;
}

export interface WebReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const maxBytes = 4 * 1024 * 1024;

/** One request, no redirects followed: what is sent along is for that host alone. Rejects with node's errors. */
export function fetchOnce(url: URL, options: WebRequest, signal: AbortSignal): Promise<WebReply> {
  const { method, headers = {}, body, ca = [], insecure = false } = options;
  return new Promise((resolve, reject) => {
    const common = { method, headers, signal, agent: false as const };
    const sent =
      url.protocol === "https:"
        ? requestHttps(url, { ...common, rejectUnauthorized: !insecure, ca: [...trusted(), ...ca] })
        : requestHttp(url, common);
    sent.on("error", reject);
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) response.destroy(new Error(`more than ${maxBytes} bytes`));
        chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.end(body);
  });
}

let machine: readonly string[] | undefined;

/** Podman trusts what the machine trusts, so an operator's own authority that is installed there must do here too. */
function trusted(): readonly string[] {
  // Node before 22.15 cannot read the machine's store; imported by its name, it would keep the whole program from loading.
  const read = tls.getCACertificates as typeof tls.getCACertificates | undefined;
  machine ??= [...tls.rootCertificates, ...(read?.("system") ?? [])];
  return machine;
}

/** What podman trusts for one registry: the `.crt` files of its folder in `certs.d`. */
export async function registryAuthorities(
  registry: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const roots = [
    join(env.HOME ?? "/root", ".config/containers/certs.d"),
    "/etc/containers/certs.d",
    "/etc/docker/certs.d",
  ];
  const found: string[] = [];
  for (const folder of roots.map((root) => join(root, registry))) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (name.endsWith(".crt")) found.push(await readFile(join(folder, name), "utf8").catch(() => ""));
    }
  }
  return found.filter((text) => text !== "");
}
