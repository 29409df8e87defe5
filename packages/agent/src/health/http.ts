import { type ClientRequest, request } from "node:http";
import type { CheckResult } from "@mcp/planner";
import { type Endpoint, printEndpoint } from "./endpoint.ts";
import { failureText } from "./failure-text.ts";

/** Of status line and headers together. */
const mostHeadBytes = 16_384;

/**
 * One GET: 200 to 399 passes. A redirect is an answer, and is not followed: it may lead anywhere. What comes after the head is
 * not read, and the connection is not kept.
 */
export function askHttp(at: Endpoint, path: string, signal: AbortSignal): Promise<CheckResult> {
  // What follows may hold a secret, and this is shown.
  const what = `GET ${path.split("?")[0]}`;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const asked: ClientRequest = request({
      host: at.address,
      port: at.port,
      path,
      agent: false,
      maxHeaderSize: mostHeadBytes,
      headers: { host: printEndpoint(at), "user-agent": "mcp-health", accept: "*/*", connection: "close" },
    });
    const end = (): void => {
      signal.removeEventListener("abort", abort);
      asked.destroy();
    };
    const abort = (): void => {
      end();
      reject(signal.reason);
    };
    const settle = (result: CheckResult): void => {
      end();
      resolve(result);
    };
    signal.addEventListener("abort", abort, { once: true });
    asked.once("response", (response) => {
      const status = response.statusCode ?? 0;
      settle({ passed: status >= 200 && status <= 399, text: `${what} answered ${status}` });
    });
    // Later errors, of what was destroyed, are nobody's concern, but must have a listener.
    asked.on("error", (error) => settle({ passed: false, text: `${what}: ${failureText(error)}` }));
    asked.once("upgrade", () => settle({ passed: false, text: `${what} answered 101` }));
    asked.once("close", () =>
      settle({ passed: false, text: `${what}: ${failureText({ code: "ECONNRESET" })}` }),
    );
    asked.end();
  });
}
