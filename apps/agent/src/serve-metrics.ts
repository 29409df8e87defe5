import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Exposition } from "@mcp/agent";
import { type Clock, Problem } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { LoopbackAddress } from "./config-metrics.ts";
import type { RequestHandler } from "./connect-handler.ts";
import { isLoopbackHost } from "./loopback-host.ts";

export type Expose = () => Promise<Exposition>;

/** `GET /metrics` beside what another handler serves. */
export function withMetrics(expose: Expose, log: Logger, other: RequestHandler): RequestHandler {
  return (request, response) => {
    if (pathOf(request) === "/metrics") void answer(expose, log, request, response);
    else other(request, response);
  };
}

const retryMs = 30_000;

/**
 * `GET /metrics`, and nothing else, on a TCP address of this machine, until the signal aborts. Where the address is taken,
 * that is logged, and tried again: whatever holds it must not keep services from being looked after.
 */
export async function serveMetrics(
  address: LoopbackAddress,
  expose: Expose,
  { log, clock, signal }: { readonly log: Logger; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const nothing: RequestHandler = (_request, response) => {
    response.statusCode = 404;
    response.end("only GET /metrics is served here\n");
  };
  let wasTold = false;
  while (!signal.aborted) {
    try {
      await listenUntil(address, onlyAsLoopback(address, withMetrics(expose, log, nothing)), signal);
    } catch (cause) {
      const problem = cannotListen(address, cause as NodeJS.ErrnoException).toJSON();
      if (!wasTold) log.error("metrics are not served on TCP; tried again every 30 s", { problem });
      wasTold = true;
      await clock.sleep(retryMs, signal).catch(() => {});
    }
  }
}

/**
 * A page in a browser of this machine may have its own name stand for this address, and would then be let read what is
 * answered: but it cannot choose the `Host` that the browser sends, which is that name.
 */
const onlyAsLoopback =
  ({ host }: LoopbackAddress, other: RequestHandler): RequestHandler =>
  (request, response) => {
    if (isLoopbackHost(request.headers.host, host)) return other(request, response);
    response.statusCode = 403;
    response.end(`ask for this by its address, ${host}: the Host that was sent is another\n`);
  };

function listenUntil(
  { host, port }: LoopbackAddress,
  handler: RequestHandler,
  signal: AbortSignal,
): Promise<void> {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, handler);
  server.maxConnections = 32;
  return new Promise((resolve, reject) => {
    const end = (): void => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    // Also of what listens already, and more than once: unheard, it would end the agent.
    server.on("error", (error) => {
      signal.removeEventListener("abort", end);
      end();
      reject(error);
    });
    server.listen(port, host);
    signal.addEventListener("abort", end, { once: true });
  });
}

const cannotListen = ({ host, port }: LoopbackAddress, cause: NodeJS.ErrnoException): Problem =>
  new Problem(
    "port_taken",
    `metrics cannot be served on ${host} port ${port}: ${cause.code}`,
    `see what holds it: ss -ltnp 'sport = :${port}'; or choose another [metrics] listen`,
    { cause },
  );

const pathOf = ({ url = "" }: IncomingMessage | Http2ServerRequest): string => url.split("?", 1)[0] ?? "";

/** Never fails: a scrape that does is answered as such, and logged. */
async function answer(
  expose: Expose,
  log: Logger,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  response.on("error", (cause: unknown) => log.debug("metrics were not read", { cause: String(cause) }));
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.statusCode = 405;
    response.setHeader("allow", "GET, HEAD");
    response.end();
    return;
  }
  try {
    const { contentType, text } = await expose();
    response.setHeader("content-type", contentType);
    response.setHeader("content-length", Buffer.byteLength(text));
    response.end(request.method === "HEAD" ? "" : text);
  } catch (cause) {
    log.error("metrics could not be gathered", { cause });
    response.statusCode = 500;
    response.end();
  }
}
