import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface RequestLimits {
  /** Until the head of a request is there, and of each next one on the same connection. In ms. */
  readonly headMs: number;
  /** Without a byte of a request's body. In ms. */
  readonly bodyMs: number;
}

interface Connection {
  /** Requests whose answer is not at its end. */
  readonly open: Set<IncomingMessage>;
  bytesRead: number;
  /** Since when nothing has come that had to, by the monotonic clock. */
  silentSinceMs: number;
}

/**
 * The connections of an HTTP/1 server that is given them and never listens itself: node times requests, and knows which
 * connections are idle, only of a server that listens. An answer may take as long as it likes; a request may not.
 */
export class Http1Connections {
  readonly #server: Server;
  readonly #limits: RequestLimits;
  readonly #connections = new Map<Socket, Connection>();
  readonly #looking: NodeJS.Timeout;
  #isClosing = false;

  constructor(server: Server, limits: RequestLimits) {
    this.#server = server;
    this.#limits = limits;
    server.on("request", (request, response) => this.#follow(request, response));
    this.#looking = setInterval(() => this.#look(), Math.min(limits.headMs, limits.bodyMs) / 4);
  }

  add(socket: Socket): void {
    const connection = { open: new Set<IncomingMessage>(), bytesRead: 0, silentSinceMs: performance.now() };
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#connections.delete(socket));
    this.#server.emit("connection", socket);
  }

  /** Close those that wait for a next request, and each other one after its answer. */
  close(): void {
    this.#isClosing = true;
    clearInterval(this.#looking);
    for (const [socket, { open }] of this.#connections) if (open.size === 0) socket.destroy();
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const connection = this.#connections.get(socket);
    if (!connection) return;
    connection.open.add(request);
    connection.silentSinceMs = performance.now();
    response.once("close", () => {
      connection.open.delete(request);
      connection.silentSinceMs = performance.now();
      if (this.#isClosing && connection.open.size === 0) socket.end();
    });
  }

  #look(): void {
    const now = performance.now();
    for (const [socket, connection] of this.#connections) {
      const isNext = connection.open.size === 0;
      const isTaken = !isNext && [...connection.open].every(({ complete }) => complete);
      // Bytes of a body count as life, so that a large file may take its time; those of a head do not.
      if (isTaken || (!isNext && socket.bytesRead !== connection.bytesRead)) connection.silentSinceMs = now;
      connection.bytesRead = socket.bytesRead;
      const limitMs = isNext ? this.#limits.headMs : this.#limits.bodyMs;
      if (now - connection.silentSinceMs > limitMs) socket.destroy();
    }
  }
}
