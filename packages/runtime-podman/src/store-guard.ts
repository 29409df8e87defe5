import { type Clock, Problem } from "@mcp/base";
import { expectStatus } from "./http/reply.ts";
import { type PodmanInfo, storeOf } from "./info.ts";
import type { PodmanApi } from "./podman-api.ts";

/** As long as nothing makes us doubt it. */
const trustedMs = 60_000;
/** Several doubts at once are cleared by one look. */
const freshMs = 1_000;

/**
 * Knows which store podman shows, and doubts every absence: what is not there may only be in another store. Podman
 * takes 300 ms to tell (it starts several programs for it), so it is asked again only when something is missing.
 */
export class StoreGuard {
  readonly #api: PodmanApi;
  readonly #clock: Clock;
  #known: { readonly info: PodmanInfo; readonly atMs: number; readonly losses: number } | undefined;
  #asking: Promise<PodmanInfo> | undefined;
  /** The store that `probe` last told of: what the caller believes. */
  #told: string | undefined;

  constructor(api: PodmanApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  async info(signal: AbortSignal, maxAgeMs = trustedMs): Promise<PodmanInfo> {
    const known = this.#known;
    const isGood = known?.losses === this.#api.losses && this.#clock.monotonic() - known.atMs <= maxAgeMs;
    if (isGood) return known.info;
    this.#asking ??= this.#ask(signal).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** What podman says of itself now, and the caller is about to be told. */
  async tell(signal: AbortSignal): Promise<PodmanInfo> {
    const info = await this.info(signal);
    this.#told = storeOf(info);
    return info;
  }

  /**
   * Call before saying that something is not there.
   * @throws Problem `store_changed` if podman shows another store than the caller was told of.
   */
  async vouch(signal: AbortSignal): Promise<void> {
    if (this.#told === undefined) return;
    const store = storeOf(await this.info(signal, freshMs));
    if (store === this.#told) return;
    throw new Problem(
      "store_changed",
      `podman now shows the store ${store}, and not ${this.#told} as before`,
      "see what has changed podman's storage: podman info --format '{{.Store.GraphRoot}}'",
    );
  }

  async #ask(signal: AbortSignal): Promise<PodmanInfo> {
    const { losses } = this.#api;
    const call = { what: "tell about itself", method: "GET", path: "/info" } as const;
    const info = expectStatus(await this.#api.call(call, signal), call.what, 200).body as PodmanInfo;
    this.#known = { info, atMs: this.#clock.monotonic(), losses };
    return info;
  }
}
