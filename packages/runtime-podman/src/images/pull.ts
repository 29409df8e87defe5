import { type Clock, isProblem, Problem } from "@mcp/base";
import type { ImagePin } from "@mcp/runtime";
import { jsonLines } from "../http/json-lines.ts";
import { engineSays, expectStatus, refusal } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import type { Credentials } from "../registry/auth-file.ts";
import type { RegistryClient } from "../registry/registry-client.ts";
import { imageId } from "./local-image.ts";
import { parseReference, repositoryOf } from "./reference.ts";

export interface PullDeps {
  readonly api: PodmanApi;
  readonly clock: Clock;
  readonly registry: RegistryClient;
}

/** Podman is silent while it copies a large layer. */
const silentMs = 15 * 60_000;

interface PullReport {
  readonly stream?: string;
  readonly error?: string;
}

/**
 * Bring an image here by its digest, and give it its tag, so that people find it.
 *
 * @throws Problem `image_pull_failed`, `disk_full`, `runtime_timeout`.
 */
export async function pullImage(
  deps: PullDeps,
  pin: ImagePin,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { api, registry } = deps;
  const { registry: host, tag } = parseReference(pin.reference);
  const repository = repositoryOf(pin.reference);
  const credentials = await registry.credentials(pin.reference);
  const query = {
    reference: `${repository}@${pin.digest}`,
    quiet: false,
    tlsVerify: (await registry.isInsecure(host)) ? false : undefined,
  };
  const call = {
    what: `pull ${pin.reference}`,
    method: "POST",
    path: "/images/pull",
    query,
    ...(credentials && { headers: { "x-registry-auth": encode(credentials) } }),
    timeoutMs: silentMs,
  } as const;
  const response = await api.stream(call, signal);
  if (response.statusCode !== 200) throw pullFailed(pin, engineSays(await refusal(response)));
  const idle = new IdleLimit(deps.clock, silentMs, () => response.destroy());
  try {
    for await (const report of api.read(response, signal, jsonLines) as AsyncGenerator<PullReport>) {
      idle.touch();
      if (report.error) throw pullFailed(pin, report.error);
      for (const line of (report.stream ?? "").split("\n")) if (line.trim() !== "") onProgress(line.trim());
    }
  } catch (error) {
    if (idle.isOver && isProblem(error)) throw tooLong(pin);
    throw error;
  } finally {
    idle.close();
  }
  const id = await imageId(api, pin, signal);
  if (id === undefined) throw pullFailed(pin, "podman pulled something else than the pinned digest");
  if (tag !== undefined) await tagImage(api, id, repository, tag, signal);
}

async function tagImage(
  api: PodmanApi,
  id: string,
  repository: string,
  tag: string,
  signal: AbortSignal,
): Promise<void> {
  const query = { repo: repository, tag };
  const call = {
    what: `tag ${repository}:${tag}`,
    method: "POST",
    path: `/images/${id}/tag`,
    query,
  } as const;
  expectStatus(await api.call(call, signal), call.what, 201);
}

/** Base64 of the alphabet for URLs, padded: Go's reader wants both. */
function encode({ username, password, identityToken }: Credentials): string {
  const auth = identityToken ? { identitytoken: identityToken } : { username, password };
  return Buffer.from(JSON.stringify(auth)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

function pullFailed({ reference }: ImagePin, said: string): Problem {
  if (/no space left on device/i.test(said)) {
    return new Problem(
      "disk_full",
      `${reference} could not be pulled: no space left on device`,
      "make room: df -h; podman image prune",
    );
  }
  return new Problem(
    "image_pull_failed",
    `${reference} could not be pulled: ${said.trim()}`,
    `try it by hand: podman pull ${reference}`,
  );
}

function tooLong({ reference }: ImagePin): Problem {
  return new Problem(
    "runtime_timeout",
    `pulling ${reference} made no progress for ${silentMs / 60_000} minutes`,
    `see whether its registry answers: podman pull ${reference}`,
  );
}

/** Ends something that has been silent for too long. */
class IdleLimit {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #closed = new AbortController();
  #lastMs: number;
  isOver = false;

  constructor(clock: Clock, ms: number, onIdle: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#lastMs = clock.monotonic();
    void this.#watch(onIdle);
  }

  touch(): void {
    this.#lastMs = this.#clock.monotonic();
  }

  close(): void {
    this.#closed.abort();
  }

  async #watch(onIdle: () => void): Promise<void> {
    for (;;) {
      const left = this.#lastMs + this.#ms - this.#clock.monotonic();
      if (left <= 0) break;
      if (!(await this.#clock.sleep(left, this.#closed.signal).then(isTrue, isFalse))) return;
    }
    this.isOver = true;
    onIdle();
  }
}

const isTrue = () => true;
const isFalse = () => false;
