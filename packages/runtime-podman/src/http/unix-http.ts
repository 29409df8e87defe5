import { Agent, type IncomingMessage, request } from "node:http";
import { isProblem, Problem } from "@mcp/base";

export interface HttpCall {
  readonly method: "GET" | "POST" | "DELETE" | "HEAD";
  /** Below the API's root, escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<IncomingMessage["headers"]>;
  /** Parsed JSON; the text itself if it is none; undefined if empty. */
  readonly body: unknown;
}

export interface Witness {
  isAlive(): boolean;
  close(): void;
}

const maxReplyBytes = 64 * 1024 * 1024;
const apiRoot = "/v4.0.0/libpod";

/**
 * HTTP over a unix socket. A call waits for its whole answer, over a connection that is kept; a stream has a connection
 * of its own, which is closed with it.
 */
export class UnixHttp {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 24 });

  /** @throws Problem `runtime_unavailable` if nobody is there, `runtime_failed` if the answer makes no sense. */
  async call(socketPath: string, call: HttpCall, signal: AbortSignal): Promise<Reply> {
    const response = await this.#send(socketPath, call, signal, this.#agent);
    const text = await readText(socketPath, response, signal);
    return { status: response.statusCode ?? 0, headers: response.headers, body: parseBody(text) };
  }

  /** As `call`, but the body is the caller's to read, and to destroy. */
  stream(socketPath: string, call: HttpCall, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#send(socketPath, call, signal, false);
  }

  /**
   * As `call`, over a connection of its own that is then kept: as long as it lives, the process that answered is the one
   * that would answer now.
   */
  async callWithWitness(
    socketPath: string,
    call: HttpCall,
    signal: AbortSignal,
  ): Promise<{ readonly reply: Reply; readonly witness: Witness }> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const response = await this.#send(socketPath, call, signal, agent);
      const { socket } = response;
      const text = await readText(socketPath, response, signal);
      const reply = { status: response.statusCode ?? 0, headers: response.headers, body: parseBody(text) };
      return { reply, witness: { isAlive: () => !socket.destroyed, close: () => agent.destroy() } };
    } catch (error) {
      agent.destroy();
      throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    socketPath: string,
    call: HttpCall,
    signal: AbortSignal,
    agent: Agent | false,
  ): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const sent = request(
        {
          socketPath,
          agent,
          signal,
          method: call.method,
          path: `${apiRoot}${call.path}${queryText(call.query)}`,
          headers: {
            ...(body !== undefined && {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(body),
            }),
            ...call.headers,
          },
        },
        resolve,
      );
      sent.on("error", (error) => reject(signal.aborted ? signal.reason : unavailable(socketPath, error)));
      sent.end(body);
    });
  }
}

async function readText(socketPath: string, response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxReplyBytes) {
        response.destroy();
        throw new Problem(
          "runtime_failed",
          `podman answered with more than ${maxReplyBytes} bytes`,
          "see whether thousands of containers are left over: podman ps --all",
        );
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    throw isProblem(error) ? error : unavailable(socketPath, error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** JSON, or else the text itself. */
export function parseBody(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function queryText(query: HttpCall["query"] = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined) params.append(key, String(value));
  return params.size === 0 ? "" : `?${params}`;
}

/** What a broken connection means to the reader. */
export function unavailable(socketPath: string, cause: unknown): Problem {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const options = { cause };
  if (code === "EACCES" || code === "EPERM") {
    return new Problem(
      "runtime_unavailable",
      `podman's socket ${socketPath} may not be opened by this user`,
      `run the agent as the socket's owner, or see: ls -l ${socketPath}`,
      options,
    );
  }
  const what: Record<string, string> = {
    ENOENT: "is not there",
    ECONNREFUSED: "refuses connections",
    ECONNRESET: "closed the connection",
    EPIPE: "closed the connection",
  };
  return new Problem(
    "runtime_unavailable",
    `podman's socket ${socketPath} ${what[code] ?? `cannot be used (${code || String(cause)})`}`,
    `see whether podman works: podman --url unix://${socketPath} info`,
    options,
  );
}
