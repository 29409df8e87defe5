import { findSocket } from "./find-socket.ts";
import type { Ping } from "./ping.ts";
import type { PodmanService } from "./podman-service.ts";

export interface ConnectionOptions {
  /** Set: this one and no other. */
  readonly configured: string | undefined;
  readonly candidates: readonly string[];
  readonly service: PodmanService;
  readonly ping: Ping;
}

/** Which socket to talk to: the configured one, else one that is found, else that of a service of our own. */
export class Connection {
  readonly #options: ConnectionOptions;
  #chosen: { readonly path: string; readonly isOurs: boolean } | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** @throws Problem `runtime_unavailable`. */
  async socketPath(signal: AbortSignal): Promise<string> {
    const { configured, candidates, service, ping } = this.#options;
    if (configured !== undefined) return configured;
    if (this.#chosen) return this.#chosen.path;
    const found = await findSocket(candidates, ping, signal);
    if (found === undefined) await service.ensure(signal);
    this.#chosen = { path: found ?? service.socketPath, isOurs: found === undefined };
    return this.#chosen.path;
  }

  /** After a call found nobody there. True if it is worth asking again. */
  async recover(signal: AbortSignal): Promise<boolean> {
    const { configured, ping, service } = this.#options;
    if (this.#chosen?.isOurs) {
      await service.ensure(signal);
      return true;
    }
    const path = configured ?? this.#chosen?.path;
    // It may only have been restarted, and the connection that we had kept was an old one.
    if (path !== undefined && (await ping(path, signal)) !== undefined) return true;
    if (configured !== undefined || this.#chosen === undefined) return false;
    this.#chosen = undefined;
    await this.socketPath(signal);
    return true;
  }

  /** The socket that is talked to, for people; undefined before the first call. */
  get description(): string | undefined {
    if (this.#options.configured !== undefined) return `socket ${this.#options.configured}`;
    return this.#chosen && `${this.#chosen.isOurs ? "own service at" : "socket"} ${this.#chosen.path}`;
  }

  close(): Promise<void> {
    return this.#options.service.close();
  }
}
