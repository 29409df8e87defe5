import { createHash } from "node:crypto";
import { type Clock, Problem, withTimeLimit } from "@mcp/base";
import { parseReference } from "../images/reference.ts";
import { type Credentials, readCredentials } from "./auth-file.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import { fetchOnce, registryAuthorities, type WebReply, type WebRequest } from "./https.ts";
import { isLoopback } from "./insecure.ts";
import { fetchToken } from "./token.ts";

export interface RegistryOptions {
  readonly clock: Clock;
  /** The one that counts first. */
  readonly authFiles: readonly string[];
  /** Registries that may be spoken to without TLS, besides those of this machine. */
  readonly insecure: () => Promise<readonly string[]>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type TagAnswer =
  | { readonly digest: string }
  | { readonly missing: true }
  | { readonly unreachable: string };

const askMs = 15_000;
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Asks registries what their tags mean. Credentials go to the registry and to where it gives out tokens, nowhere else. */
export class RegistryClient {
  readonly #options: RegistryOptions;
  /** Insecure registries that turned out to speak no TLS. */
  readonly #plain = new Set<string>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** @throws Problem `registry_refused`. */
  async digestOf(reference: string, signal: AbortSignal): Promise<TagAnswer> {
    const { registry, path, tag = "latest" } = parseReference(reference);
    try {
      return await withTimeLimit(
        this.#options.clock,
        askMs,
        signal,
        () => new Unreachable(`it did not answer within ${askMs / 1_000} s`),
        (limited) => this.#ask(registry, path, tag, limited),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Unreachable) return { unreachable: error.message };
      throw error;
    }
  }

  /** What podman is to log in with when it pulls; undefined without a login. */
  credentials(reference: string): Promise<Credentials | undefined> {
    const { registry, path } = parseReference(reference);
    return readCredentials(this.#options.authFiles, authKey(registry), path);
  }

  async isInsecure(registry: string): Promise<boolean> {
    if (isLoopback(registry)) return true;
    return (await this.#options.insecure()).some((known) => matches(known, registry));
  }

  async #ask(registry: string, path: string, tag: string, signal: AbortSignal): Promise<TagAnswer> {
    const { host, repository } = endpoint(registry, path);
    const manifest = `/v2/${repository}/manifests/${encodeURIComponent(tag)}`;
    const headers = { accept: manifestTypes };
    let reply = await this.#send(host, manifest, { method: "HEAD", headers }, signal);
    let authorization: string | undefined;
    if (reply.status === 401) {
      const credentials = await readCredentials(this.#options.authFiles, authKey(registry), path);
      authorization = await this.#authorize(registry, repository, reply, credentials, signal);
      reply = await this.#send(
        host,
        manifest,
        { method: "HEAD", headers: { ...headers, authorization } },
        signal,
      );
    }
    if (reply.status === 404) return { missing: true };
    if (reply.status === 401 || reply.status === 403) throw refused(registry, repository);
    if (reply.status !== 200) throw new Unreachable(`it answered with status ${reply.status}`);
    const digest = reply.headers["docker-content-digest"];
    if (typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest)) return { digest };
    const whole = await this.#send(
      host,
      manifest,
      { method: "GET", headers: { ...headers, ...(authorization && { authorization }) } },
      signal,
    );
    if (whole.status !== 200) throw new Unreachable(`it answered with status ${whole.status}`);
    return { digest: `sha256:${createHash("sha256").update(whole.body).digest("hex")}` };
  }

  async #authorize(
    registry: string,
    repository: string,
    reply: WebReply,
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const challenge: Challenge | undefined = parseChallenge(reply.headers["www-authenticate"]);
    if (challenge?.scheme === "bearer") {
      const mayBePlain = await this.isInsecure(registry);
      const scope = challenge.scope ?? `repository:${repository}:pull`;
      const token = await fetchToken({ ...challenge, scope }, credentials, mayBePlain, (url, options) =>
        this.#reach(url, options, registry, mayBePlain, signal),
      );
      if (token === undefined) throw refused(registry, repository);
      return `Bearer ${token}`;
    }
    if (!credentials || challenge?.scheme !== "basic") throw refused(registry, repository);
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  }

  /** By TLS; for insecure registries without checking who it is, and without TLS if it speaks none. */
  async #send(host: string, path: string, options: WebRequest, signal: AbortSignal): Promise<WebReply> {
    const insecure = await this.isInsecure(host);
    if (insecure && this.#plain.has(host)) {
      return this.#reach(new URL(`http://${host}${path}`), options, host, insecure, signal);
    }
    try {
      return await this.#reach(new URL(`https://${host}${path}`), options, host, insecure, signal);
    } catch (error) {
      if (!insecure || !(error instanceof Unreachable) || !error.speaksNoTls) throw error;
      const reply = await this.#reach(new URL(`http://${host}${path}`), options, host, insecure, signal);
      this.#plain.add(host);
      return reply;
    }
  }

  async #reach(
    url: URL,
    options: WebRequest,
    registry: string,
    insecure: boolean,
    signal: AbortSignal,
  ): Promise<WebReply> {
    const ca = await registryAuthorities(registry, this.#options.env);
    try {
      return await fetchOnce(url, { ...options, ca, insecure }, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw Unreachable.because(cause);
    }
  }
}

/** Not shown to users: it becomes an answer. */
class Unreachable extends Error {
  readonly speaksNoTls: boolean;

  constructor(message: string, speaksNoTls = false) {
    super(message);
    this.speaksNoTls = speaksNoTls;
  }

  static because(cause: unknown): Unreachable {
    const { code = "", message = String(cause) } = cause as NodeJS.ErrnoException;
    const speaksNoTls =
      code === "EPROTO" || code === "ECONNRESET" || /SSL|wrong version number/.test(code + message);
    const known: Record<string, string> = {
      ECONNREFUSED: "it refuses connections",
      ECONNRESET: "it closed the connection",
      ENOTFOUND: "its name is not known",
      EAI_AGAIN: "its name cannot be looked up now",
      ETIMEDOUT: "it does not answer",
      EHOSTUNREACH: "there is no way to it",
      ENETUNREACH: "there is no way to it",
    };
    return new Unreachable(known[code] ?? (code || message), speaksNoTls);
  }
}

/** Docker's own registry is known by one name and found by another. */
function endpoint(registry: string, path: string): { readonly host: string; readonly repository: string } {
  if (registry !== "docker.io") return { host: registry, repository: path };
  return { host: "registry-1.docker.io", repository: path.includes("/") ? path : `library/${path}` };
}

function authKey(registry: string): string {
  return registry === "docker.io" ? "index.docker.io" : registry;
}

function matches(known: string, registry: string): boolean {
  if (known.startsWith("*.")) return registry.replace(/:\d+$/, "").endsWith(known.slice(1));
  return known === registry || known.startsWith(`${registry}/`);
}

function refused(registry: string, repository: string): Problem {
  return new Problem(
    "registry_refused",
    `the registry ${registry} does not let us read ${repository}`,
    `log in: podman login ${registry}`,
  );
}
