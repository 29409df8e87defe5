import { chmod, mkdir, unlink } from "node:fs/promises";
import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { Problem } from "@mcp/base";
import type { RequestHandler } from "./connect-handler.ts";
import { Http1Connections, type RequestLimits } from "./http1-connections.ts";

export interface Listening {
  /** Take no new connection, let answers under way end for a moment, then cut the rest. */
  close(): Promise<void>;
}

export interface ListenLimits extends RequestLimits {
  /** A connection that has said nothing yet. In ms. */
  readonly silentMs: number;
  /** What answers under way have to end in. In ms. */
  readonly closeMs: number;
}

const usualLimits: ListenLimits = { silentMs: 30_000, headMs: 10_000, bodyMs: 30_000, closeMs: 1_000 };

/**
 * Serve on a unix socket of mode 0600: Connect, gRPC and gRPC-web over HTTP/2 with prior knowledge, and Connect over HTTP/1.1
 * too, which a short-lived program loads faster and which `curl` speaks without being told.
 *
 * @throws Problem `socket_in_use` if another agent answers there; `permission_denied`.
 */
export async function listen(
  path: string,
  handler: RequestHandler,
  limits: ListenLimits = usualLimits,
): Promise<Listening> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if ((await stateOf(path)) === "dead") await unlink(path);
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: 1_000 } }, handler);
  const sessions = new Set<ServerHttp2Session>();
  http2.on("session", (session) => {
    session.on("error", ignore);
    sessions.add(session);
    // Its settings are the first thing that a client sends.
    const late = setTimeout(() => session.destroy(), limits.headMs);
    session.once("remoteSettings", () => clearTimeout(late));
    session.once("close", () => {
      clearTimeout(late);
      sessions.delete(session);
    });
  });
  const http1 = new Http1Connections(createHttp1Server(handler), limits);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // A client that dies is no trouble of the agent's.
    socket.on("error", ignore);
    beginOf(socket, limits.silentMs, (begin) => {
      if (begin === prefaceBegin) http2.emit("connection", socket);
      else http1.add(socket);
    });
  });
  try {
    await bind(server, path);
    // The umask has seen to it already; a folder with default ACLs may not have.
    await chmod(path, 0o600);
  } catch (error) {
    http1.close();
    throw error;
  }
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      http1.close();
      for (const session of sessions) session.close();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, limits.closeMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** A second agent must know that it is one before it touches anything. @throws Problem `socket_in_use`. */
export async function requireFreeSocket(path: string): Promise<void> {
  await stateOf(path);
}

/** An HTTP/2 connection begins with `PRI * HTTP/2.0` (RFC 9113, 3.4); no method of the agent's begins with a P and an R. */
const prefaceBegin = "PR";

/** Look at how a connection begins, and leave it unread. */
function beginOf(socket: Socket, silentMs: number, decide: (first: string) => void): void {
  const late = setTimeout(() => socket.destroy(), silentMs);
  socket.once("close", () => clearTimeout(late));
  socket.once("readable", () => {
    const begin: Buffer | null = socket.read();
    if (begin === null) {
      socket.destroy();
      return;
    }
    clearTimeout(late);
    socket.unshift(begin);
    decide(begin.toString("latin1", 0, 2));
  });
}

const ignore = (): void => {};

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const hint = "choose another [server] socket, or run the agent as a user who may write there";
      reject(new Problem("permission_denied", `cannot listen on ${path}: ${cause.code}`, hint, { cause }));
    });
    server.listen(path, resolve);
  });
}

/** A killed agent leaves its socket behind, on which nobody answers. @throws Problem `socket_in_use`. */
async function stateOf(path: string): Promise<"absent" | "dead"> {
  const state = await new Promise<"absent" | "dead" | "alive">((resolve) => {
    const probe = createConnection(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve("alive");
    });
    probe.once("error", ({ code }: NodeJS.ErrnoException) =>
      resolve(code === "ENOENT" ? "absent" : code === "ECONNREFUSED" ? "dead" : "alive"),
    );
  });
  if (state !== "alive") return state;
  throw new Problem(
    "socket_in_use",
    `another program listens on ${path}, most likely another agent`,
    "stop that one first, or choose another [server] socket",
  );
}
