import type { IncomingMessage } from "node:http";
import { Problem } from "@mcp/base";
import { parseBody, type Reply } from "./unix-http.ts";

/** What the engine itself says went wrong: its own sentence, without what it repeats. */
export function engineSays({ status, body }: Reply): string {
  if (typeof body === "object" && body !== null && "message" in body && typeof body.message === "string") {
    return body.message.trim().split("\n").slice(-5).join("\n");
  }
  return typeof body === "string" && body.trim() !== "" ? body.trim().slice(0, 500) : `status ${status}`;
}

export function isNotFound({ status }: Reply): boolean {
  return status === 404;
}

/** Podman says it with status 500 where the container goes while podman looks at it. */
export function isNoSuchContainer(reply: Reply): boolean {
  return isNotFound(reply) || /no such container|does not exist in database/i.test(engineSays(reply));
}

/** @throws Problem `runtime_failed` unless the status is one of those wanted. */
export function expectStatus(reply: Reply, what: string, ...wanted: readonly number[]): Reply {
  if (wanted.includes(reply.status)) return reply;
  throw new Problem(
    "runtime_failed",
    `podman could not ${what}: ${engineSays(reply)}`,
    "see whether podman works: podman ps --all",
  );
}

const mostOfRefusal = 64 * 1024;

/** What came instead of a stream; it is closed. Call it for any status but 200. */
export async function refusal(response: IncomingMessage): Promise<Reply> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += chunk;
      if (text.length > mostOfRefusal) break;
    }
  } catch {
    // The status says enough.
  } finally {
    response.destroy();
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: parseBody(text) };
}
