import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from "node:http2";
import { connect as connectSocket } from "node:net";
import { Problem } from "@mcp/base";
import { brokenConnection, notAnAgent, unreachable } from "./connection-problems.ts";
import type { Wire, WireRequest, WireResponse } from "./wire.ts";

export interface Http2WireOptions {
  /**
   * How often an open connection is tried, in milliseconds; an agent that has not answered by the next time is taken for
   * gone. Default 10 000.
   */
  readonly pingIntervalMs?: number;
}

/**
 * HTTP/2 without TLS over an agent's unix socket, with prior knowledge. One connection for all exchanges, made when the
 * first one needs it and made anew after it broke.
 */
export class Http2Wire implements Wire {
  readonly #path: string;
  readonly #pingIntervalMs: number;
  #session: Promise<ClientHttp2Session> | undefined;

  /** @param path  of the socket. */
  constructor(path: string, { pingIntervalMs = 10_000 }: Http2WireOptions = {}) {
    this.#path = path;
    this.#pingIntervalMs = pingIntervalMs;
  }

  async post({ path, contentType, body, signal }: WireRequest): Promise<WireResponse> {
    signal?.throwIfAborted();
    this.#session ??= this.#connect();
    const session = await this.#session;
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": contentType,
      "connect-protocol-version": "1",
    });
    const abort = () => stream.destroy(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    stream.once("close", () => signal?.removeEventListener("abort", abort));
    stream.end(body);
    try {
      const headers = await responseOf(stream);
      return {
        status: Number(headers[":status"]),
        contentType: String(headers["content-type"] ?? ""),
        body: this.#bodyOf(stream, signal),
      };
    } catch (error) {
      stream.destroy();
      throw this.#problemOf(error, signal);
    }
  }

  close(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.then(
      (open) => open.destroy(),
      () => {},
    );
  }

  async *#bodyOf(
    stream: ClientHttp2Stream,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of stream) yield chunk;
    } catch (error) {
      throw this.#problemOf(error, signal);
    }
    signal?.throwIfAborted();
    // A connection that is cut looks like an end, except for this.
    if (stream.aborted || stream.rstCode !== 0) throw brokenConnection(this.#path, undefined);
  }

  async #connect(): Promise<ClientHttp2Session> {
    const socket = connectSocket(this.#path);
    try {
      await once(socket, "connect");
    } catch (error) {
      this.#session = undefined;
      throw unreachable(this.#path, error);
    }
    const session = connect("http://agent", { createConnection: () => socket });
    // What goes wrong is told to the streams; without a listener it would end the process.
    session.on("error", () => {});
    session.once("close", () => {
      clearInterval(pings);
      this.#session = undefined;
    });
    session.once("goaway", () => {
      this.#session = undefined;
    });
    let isAnswered = true;
    const pings = setInterval(() => {
      if (!isAnswered) return session.destroy();
      isAnswered = false;
      session.ping((error) => {
        isAnswered = error === null;
      });
    }, this.#pingIntervalMs);
    pings.unref();
    return session;
  }

  #problemOf(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof Problem) return error;
    const { code } = error as NodeJS.ErrnoException;
    return code === "ERR_HTTP2_ERROR" ? notAnAgent(this.#path, error) : brokenConnection(this.#path, error);
  }
}

/** Also a stream that is cut before it was answered, which node does not always call an error. */
function responseOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders & { ":status"?: number }> {
  return new Promise((resolve, reject) => {
    stream.once("response", resolve);
    stream.once("error", reject);
    stream.once("close", () => reject(new Error("the stream was closed")));
  });
}
