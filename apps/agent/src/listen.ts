import { chmod, mkdir, unlink } from "node:fs/promises";
import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type Agent, routesOf } from "@mcp/agent";
import { Problem } from "@mcp/base";

export interface Listening {
  /** Take no new connection, let answers under way end for a moment, then cut the rest. */
  close(): Promise<void>;
}

/** A definition has at most 1 MiB; nothing else that is sent to the agent is larger. */
const mostRequestBytes = 2 * 1_048_576;
const closeWithinMs = 1_000;
/** A connection that says nothing for so long is closed. */
const silentMs = 30_000;

/**
 * Serve the agent on a unix socket of mode 0600: Connect, gRPC and gRPC-web over HTTP/2 with prior knowledge, and Connect
 * over HTTP/1.1 too, which a short-lived program loads faster and which `curl` speaks without being told.
 *
 * @throws Problem `socket_in_use` if another agent answers there; `permission_denied`.
 */
export async function listen(path: string, agent: Agent): Promise<Listening> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await makeWay(path);
  const handler = connectNodeAdapter({ routes: routesOf(agent), readMaxBytes: mostRequestBytes });
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: 1_000 } }, handler);
  const http1 = createHttp1Server({ headersTimeout: 10_000, requestTimeout: 0 }, handler);
  http2.on("session", (session) => session.on("error", ignore));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // A client that dies is no trouble of the agent's.
    socket.on("error", ignore);
    beginOf(socket, (begin) => (begin === prefaceBegin ? http2 : http1).emit("connection", socket));
  });
  await bind(server, path);
  // The umask has seen to it already; a folder with default ACLs may not have.
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      http1.closeIdleConnections();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, closeWithinMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** An HTTP/2 connection begins with `PRI * HTTP/2.0` (RFC 9113, 3.4); no method of the agent's begins with a P and an R. */
const prefaceBegin = "PR";

/** Look at how a connection begins, and leave it unread. */
function beginOf(socket: Socket, decide: (first: string) => void): void {
  socket.setTimeout(silentMs, () => socket.destroy());
  socket.once("readable", () => {
    const begin: Buffer | null = socket.read();
    if (begin === null) {
      socket.destroy();
      return;
    }
    socket.setTimeout(0);
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

/** A killed agent leaves its socket behind; only one that nobody answers on is removed. */
async function makeWay(path: string): Promise<void> {
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
  if (state === "dead") await unlink(path);
  if (state === "alive")
    throw new Problem(
      "socket_in_use",
      `another program listens on ${path}, most likely another agent`,
      "stop that one first, or choose another [server] socket",
    );
}
