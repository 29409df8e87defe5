import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
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
      response.statusCode = 404;
      response.end();
      return;
    }
    handler(universalRequestFromNodeRequest(request, response, undefined, undefined))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((cause: unknown) => {
        log.debug("an answer was not read to its end", { rpc: handler.method.name, cause: String(cause) });
        response.destroy();
      });
  };
}
