import type { Server as Http1Server } from "node:http";
import type { Http2Server } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";

/** How a client of HTTP/2 begins that knows what it talks to; no method of HTTP/1.1 does. */
const preface = "PRI ";
const firstBytesWithinMs = 10_000;

/**
 * One listener for HTTP/2 with prior knowledge and for HTTP/1.1, told apart by their first bytes. HTTP/2 is for gRPC and
 * for what keeps many streams open; HTTP/1.1 for curl, and for the CLI, which would take 12 ms longer to load HTTP/2.
 */
export function eitherHttp(http1: Http1Server, http2: Http2Server): Server {
  return createServer((socket) => {
    // A client that dies is no trouble of the agent's.
    socket.on("error", () => {});
    socket.setTimeout(firstBytesWithinMs, () => socket.destroy());
    const decide = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      socket.unshift(chunk);
      const begin = chunk.toString("latin1", 0, preface.length);
      if (begin.length < preface.length && preface.startsWith(begin)) return;
      socket.off("readable", decide);
      socket.setTimeout(0);
      (begin === preface ? http2 : http1).emit("connection", socket satisfies Socket);
    };
    socket.on("readable", decide);
  });
}
