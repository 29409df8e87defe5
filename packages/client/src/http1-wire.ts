import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { Problem } from "@mcp/base";
import { brokenConnection, notAnAgent, unreachable } from "./connection-problems.ts";
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
 * node takes 12 ms to load its HTTP/2, which brings TLS along, and a whole command of mcp may take 25 above bare node.
 */
export class Http1Wire implements Wire {
  readonly #socketPath: string;
  readonly #checkIntervalMs: number;
  readonly #open = new Set<AbortController>();

  constructor(socketPath: string, { checkIntervalMs = 10_000 }: Http1WireOptions = {}) {
    this.#socketPath = socketPath;
    this.#checkIntervalMs = checkIntervalMs;
  }

  async post({ path, contentType, body, signal }: WireRequest): Promise<WireResponse> {
    signal?.throwIfAborted();
    const exchange = new AbortController();
    const end = () => exchange.abort();
    this.#open.add(exchange);
    signal?.addEventListener("abort", end, { once: true });
    const checks = this.#watch(exchange);
    const over = () => {
      clearInterval(checks);
      signal?.removeEventListener("abort", end);
      this.#open.delete(exchange);
    };
    try {
      const headers = { "content-type": contentType, "content-length": body.length };
      const response = await this.#exchange("POST", path, headers, body, exchange.signal);
      return {
        status: response.statusCode ?? 0,
        contentType: response.headers["content-type"] ?? "",
        body: this.#bodyOf(response, signal, over),
      };
    } catch (error) {
      over();
      throw this.#problemOf(error, signal);
    }
  }

  close(): void {
    for (const exchange of this.#open) exchange.abort();
  }

  async *#bodyOf(
    response: IncomingMessage,
    signal: AbortSignal | undefined,
    over: () => void,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of response) yield chunk;
    } catch (error) {
      throw this.#problemOf(error, signal);
    } finally {
      over();
      response.destroy();
    }
  }

  #exchange(
    method: string,
    path: string,
    headers: Record<string, string | number>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request({
        socketPath: this.#socketPath,
        method,
        path,
        headers: { host: "agent", "connect-protocol-version": "1", ...headers },
        signal,
        agent: false,
        // Else node works out whether the host is an IPv6 address, for TLS, by an expression that takes ms to compile.
        servername: "",
      } as RequestOptions)
        .once("response", resolve)
        .once("error", reject)
        .end(body);
    });
  }

  /** An agent that hangs is not seen in an answer that has no time limit, such as that of a log that is followed. */
  #watch(exchange: AbortController): NodeJS.Timeout {
    let check: AbortController | undefined;
    const timer = setInterval(() => {
      // The check before this one has not been answered.
      if (check) return exchange.abort();
      check = new AbortController();
      exchange.signal.addEventListener("abort", () => check?.abort(), { once: true });
      this.#exchange("GET", "/", {}, undefined, check.signal).then(
        (response) => {
          response.destroy();
          check = undefined;
        },
        () => exchange.abort(),
      );
    }, this.#checkIntervalMs);
    timer.unref();
    return timer;
  }

  #problemOf(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof Problem) return error;
    const { code = "", syscall } = error as NodeJS.ErrnoException;
    if (syscall === "connect") return unreachable(this.#socketPath, error);
    if (code.startsWith("HPE_")) return notAnAgent(this.#socketPath, error);
    return brokenConnection(this.#socketPath, error);
  }
}
