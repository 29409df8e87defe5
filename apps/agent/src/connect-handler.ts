import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { toConnectError } from "@mcp/agent";
import { Problem } from "@mcp/base";
import type { Logger } from "@mcp/host";

/** A definition has at most 1 MiB; nothing else that is sent to the agent is larger. */
const mostRequestBytes = 2 * 1_048_576;

export type RequestHandler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void;

/**
 * Serves a router's RPCs to node's HTTP servers. Connect's own adapter would print what goes wrong on standard error, in
 * the middle of a structured log; and most of it is only a reader that went away.
 */
export function connectHandler(routes: (router: ConnectRouter) => void, log: Logger): RequestHandler {
  const router = createConnectRouter({
    readMaxBytes: mostRequestBytes,
    acceptCompression: [compressionGzip],
  });
  routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const handler = handlers.get(path);
    if (!handler) {
      const what = `this agent has no ${path.slice(0, 200)}`;
      refuse(response, 404, new Problem("not_yet_supported", what, "see its version with: mcp node status"));
      return;
    }
    handler(universalRequestFromNodeRequest(request, response, undefined, undefined))
      .then(async (answer) => {
        if (answer.status < 400 || answer.body)
          return await universalResponseToNodeResponse(answer, response);
        for (const [name, value] of answer.header ?? []) response.setHeader(name, value);
        const what = `${handler.method.name} was not asked for as Connect, gRPC or gRPC-web ask`;
        const hint = `send it as: POST ${path}, content-type: application/json`;
        refuse(response, answer.status, new Problem("request_invalid", what, hint));
      })
      .catch((cause: unknown) => {
        log.debug("an answer was not read to its end", { rpc: handler.method.name, cause: String(cause) });
        response.destroy();
      });
  };
}

/** What no protocol of Connect's stands for: an unknown path, another method than POST, another content type. */
function refuse(response: ServerResponse | Http2ServerResponse, status: number, problem: Problem): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(errorToJsonBytes(toConnectError(problem), undefined));
}
