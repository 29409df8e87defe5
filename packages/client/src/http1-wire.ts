import { connect, type Socket } from "node:net";
import { Problem } from "@mcp/base";
import { brokenConnection, notAnAgent, unreachable } from "./connection-problems.ts";
import { type Http1Response, NotHttp, readResponse } from "./http1-response.ts";
import type { Wire, WireRequest, WireResponse } from "./wire.ts";

export interface Http1WireOptions {
  /**
   * How often an agent is asked whether it is still there while an answer is open, in milliseconds; one that does not say
   * so by the next time is taken for gone. Default 10 000.
   */
  readonly checkIntervalMs?: number;
}

/**
 * HTTP/1.1 over an agent's unix socket, a connection for each exchange. Agents speak HTTP/2 there too, and to others; but
 * node takes 12 ms to load its HTTP/2, which brings TLS along, and 5 ms for a request by its HTTP/1.1, and a whole command of
 * mcp may take 25 above bare node.
 */
export class Http1Wire implements Wire {
  readonly #socketPath: string;
  readonly #checkIntervalMs: number;
  readonly #open = new Set<Socket>();

  constructor(socketPath: string, { checkIntervalMs = 10_000 }: Http1WireOptions = {}) {
    this.#socketPath = socketPath;
    this.#checkIntervalMs = checkIntervalMs;
  }

  async post({ path, contentType, body, signal }: WireRequest): Promise<WireResponse> {
    signal?.throwIfAborted();
    const head = headOf(`POST ${path}`, `content-type: ${contentType}`, `content-length: ${body.length}`);
    const socket = this.#send(Buffer.concat([head, body]));
    const close = () => socket.destroy();
    signal?.addEventListener("abort", close, { once: true });
    const checks = this.#watch(socket);
    socket.once("close", () => {
      clearInterval(checks);
      signal?.removeEventListener("abort", close);
    });
    try {
      const response = await readResponse(socket);
      return { ...response, body: this.#bodyOf(response, socket, signal) };
    } catch (error) {
      socket.destroy();
      throw this.#problemOf(error, signal);
    }
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async *#bodyOf(
    { body }: Http1Response,
    socket: Socket,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      yield* body;
    } catch (error) {
      throw this.#problemOf(error, signal);
    } finally {
      socket.destroy();
    }
  }

  #send(bytes: Uint8Array): Socket {
    const socket = connect(this.#socketPath);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    // Whoever reads is told of it; there may be nobody who reads any more.
    socket.on("error", () => {});
    socket.write(bytes);
    return socket;
  }

  /** An agent that hangs is not seen in an answer that has no time limit, such as that of a log that is followed. */
  #watch(socket: Socket): NodeJS.Timeout {
    let check: Socket | undefined;
    const timer = setInterval(() => {
      // The check before this one has not been answered.
      if (check) {
        socket.destroy();
        return;
      }
      const asked = this.#send(headOf("GET /"));
      check = asked;
      readResponse(asked)
        .then(
          () => {
            check = undefined;
          },
          () => socket.destroy(),
        )
        .finally(() => asked.destroy());
    }, this.#checkIntervalMs);
    timer.unref();
    socket.once("close", () => check?.destroy());
    return timer;
  }

  #problemOf(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof Problem) return error;
    if (error instanceof NotHttp) return notAnAgent(this.#socketPath, error);
    if ((error as NodeJS.ErrnoException).syscall === "connect") return unreachable(this.#socketPath, error);
    return brokenConnection(this.#socketPath, error);
  }
}

/** What a request begins with. Each has a connection of its own. */
const headOf = (what: string, ...headers: readonly string[]): Buffer => {
  const usual = ["host: agent", "connection: close", "connect-protocol-version: 1"];
  return Buffer.from([`${what} HTTP/1.1`, ...usual, ...headers, "", ""].join("\r\n"), "latin1");
};
