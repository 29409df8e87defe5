import type { Clock } from "@mcp/base";
import { withTimeLimit } from "@mcp/base";
import type { UnixHttp } from "../http/unix-http.ts";

const pingMs = 2_000;

export type Ping = (socketPath: string, signal: AbortSignal) => Promise<string | undefined>;

/** Asks who answers at a socket: podman's version, or undefined if nobody does in time, or somebody else. */
export function makePing(http: UnixHttp, clock: Clock): Ping {
  return async (socketPath, signal) => {
    try {
      const reply = await withTimeLimit(
        clock,
        pingMs,
        signal,
        () => new Error("no answer"),
        (limited) => http.call(socketPath, { method: "GET", path: "/_ping" }, limited),
      );
      const version = reply.headers["libpod-api-version"];
      return typeof version === "string" ? version : undefined;
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  };
}
