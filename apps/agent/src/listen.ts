import { chmod, mkdir, unlink } from "node:fs/promises";
import { createServer, type Http2Server } from "node:http2";
import { createConnection } from "node:net";
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

/**
 * Serve the agent on a unix socket of mode 0600, over HTTP/2 without TLS: Connect, gRPC and gRPC-web.
 * @throws Problem `socket_in_use` if another agent answers there; `permission_denied`.
 */
export async function listen(path: string, agent: Agent): Promise<Listening> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await makeWay(path);
  const server = createServer(
    { maxSessionInvalidFrames: 100, settings: { maxConcurrentStreams: 1_000 } },
    connectNodeAdapter({ routes: routesOf(agent), readMaxBytes: mostRequestBytes }),
  );
  const sessions = new Set<{ destroy(): void; close(): void }>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    // A client that dies is no trouble of the agent's.
    session.on("error", () => {});
  });
  await bind(server, path);
  // The umask has seen to it already; a folder with default ACLs may not have.
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      const cut = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, closeWithinMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function bind(server: Http2Server, path: string): Promise<void> {
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
