import type { IncomingMessage } from "node:http";
import { type Clock, isProblem, Problem, printDuration, withTimeLimit } from "@mcp/base";
import type { HttpCall, Reply, UnixHttp, Witness } from "./http/unix-http.ts";
import type { Connection } from "./socket/connection.ts";

export const quickMs = 10_000;

export interface ApiCall extends HttpCall {
  /** For messages: `list the containers`. */
  readonly what: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

/** Podman's REST API, wherever its socket is. Each call has a time limit. */
export class PodmanApi {
  readonly #connection: Connection;
  readonly #http: UnixHttp;
  readonly #clock: Clock;

  constructor(connection: Connection, http: UnixHttp, clock: Clock) {
    this.#connection = connection;
    this.#http = http;
    this.#clock = clock;
  }

  /** @throws Problem `runtime_unavailable`, `runtime_timeout`, `runtime_failed`. Any status is a reply. */
  async call(call: ApiCall, signal: AbortSignal): Promise<Reply> {
    const socketPath = await this.#connection.socketPath(signal);
    return this.#limited(call, signal, (limited) => this.#http.call(socketPath, call, limited));
  }

  /** As `call`, with a witness of who answered. */
  async callWithWitness(
    call: ApiCall,
    signal: AbortSignal,
  ): Promise<{ readonly reply: Reply; readonly witness: Witness }> {
    const socketPath = await this.#connection.socketPath(signal);
    return this.#limited(call, signal, (limited) => this.#http.callWithWitness(socketPath, call, limited));
  }

  /**
   * The body as it comes. The time limit is for its beginning; `signal` ends it at any time.
   * Its consumer must read it to the end, or destroy it.
   */
  async stream(call: ApiCall, signal: AbortSignal): Promise<IncomingMessage> {
    const socketPath = await this.#connection.socketPath(signal);
    const late = new AbortController();
    const both = AbortSignal.any([signal, late.signal]);
    try {
      return await this.#limited(call, signal, () => this.#http.stream(socketPath, call, both));
    } catch (error) {
      late.abort(error);
      throw error;
    }
  }

  /** Read a stream; what breaks it is a `Problem`, and it is closed however the reading ends. */
  async *read<T>(
    response: IncomingMessage,
    signal: AbortSignal,
    decode: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    try {
      yield* decode(response);
    } catch (error) {
      signal.throwIfAborted();
      throw isProblem(error) ? error : brokenOff(error);
    } finally {
      response.destroy();
    }
    signal.throwIfAborted();
  }

  /**
   * Do something that may be done twice; where podman cannot be reached, bring it back (a service of our own) and try
   * once more.
   */
  async withRecovery<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!isProblem(error) || error.code !== "runtime_unavailable") throw error;
      if (!(await this.#connection.recover(signal))) throw error;
      return work();
    }
  }

  #limited<T>(call: ApiCall, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limitMs = call.timeoutMs ?? quickMs;
    return withTimeLimit(
      this.#clock,
      limitMs,
      signal,
      () =>
        new Problem(
          "runtime_timeout",
          `podman did not ${call.what} within ${printDuration(limitMs)}`,
          "see whether podman hangs: podman ps",
        ),
      work,
    );
  }
}

function brokenOff(cause: unknown): Problem {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new Problem(
    "runtime_unavailable",
    `podman broke off in the middle of an answer (${code})`,
    "see whether podman works: podman info",
    { cause },
  );
}
