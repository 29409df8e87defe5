import { Problem } from "@mcp/base";
import { abortable, neverAborted } from "./abortable.ts";
import { expectStatus } from "./http/reply.ts";
import type { Witness } from "./http/unix-http.ts";
import { type PodmanInfo, storeOf } from "./info.ts";
import type { PodmanApi } from "./podman-api.ts";

/**
 * Knows which store podman shows, and doubts every absence: what is not there may only be in another store. Podman
 * takes 300 ms to tell of itself (it starts several programs for it), and shows one store as long as its process lives.
 * So it is asked again only when the connection over which it told has been closed since.
 */
export class StoreGuard {
  readonly #api: PodmanApi;
  #known: { readonly info: PodmanInfo; readonly witness: Witness } | undefined;
  #asking: Promise<PodmanInfo> | undefined;
  /** The store that `probe` last told of: what the caller believes. */
  #told: string | undefined;

  constructor(api: PodmanApi) {
    this.#api = api;
  }

  /** What podman says of itself. */
  async info(signal: AbortSignal): Promise<PodmanInfo> {
    await noticeWhatIsClosed();
    if (this.#known?.witness.isAlive()) return this.#known.info;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return abortable(this.#asking, signal);
  }

  /** The same, and the caller is about to be told. */
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
    const store = storeOf(await this.info(signal));
    if (store === this.#told) return;
    throw new Problem(
      "store_changed",
      `podman now shows the store ${store}, and not ${this.#told} as before`,
      "see what has changed podman's storage: podman info --format '{{.Store.GraphRoot}}'",
    );
  }

  close(): void {
    this.#known?.witness.close();
  }

  async #ask(): Promise<PodmanInfo> {
    const call = { what: "tell about itself", method: "GET", path: "/info" } as const;
    const { reply, witness } = await this.#api.callWithWitness(call, neverAborted);
    this.#known?.witness.close();
    const info = expectStatus(reply, call.what, 200).body as PodmanInfo;
    this.#known = { info, witness };
    return info;
  }
}

/** A connection that the kernel has closed is known to be so after the event loop has gone round. */
async function noticeWhatIsClosed(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
