import { Problem } from "@mcp/base";
import { abortable, neverAborted } from "../abortable.ts";
import { engineSays } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";

const makeMs = 30_000;
/** Tells our networks from those that somebody made by hand. */
const madeByLabel = "mcp.made-by";

/** Makes networks that are missing: bridges, on which containers find one another by name. */
export class Networks {
  readonly #api: PodmanApi;
  readonly #making = new Map<string, Promise<void>>();

  constructor(api: PodmanApi) {
    this.#api = api;
  }

  /** @throws Problem `runtime_failed`. */
  make(name: string, signal: AbortSignal): Promise<void> {
    // Many containers find it missing at once.
    const making = this.#making.get(name) ?? this.#make(name).finally(() => this.#making.delete(name));
    this.#making.set(name, making);
    return abortable(making, signal);
  }

  async #make(name: string): Promise<void> {
    const body = { name, driver: "bridge", dns_enabled: true, labels: { [madeByLabel]: "mcp" } };
    const call = {
      what: `make the network ${name}`,
      method: "POST",
      path: "/networks/create",
      body,
    } as const;
    const reply = await this.#api.call({ ...call, timeoutMs: makeMs }, neverAborted);
    if (reply.status === 200 || reply.status === 201) return;
    const said = engineSays(reply);
    if (reply.status === 409 || /already (used|exists|in use)/i.test(said)) return;
    throw new Problem(
      "runtime_failed",
      `podman could not make the network ${name}: ${said}`,
      `try it by hand: podman network create ${name}`,
    );
  }
}
