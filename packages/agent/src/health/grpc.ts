import { connect } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { CheckResult } from "@mcp/planner";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Serving,
} from "@mcp/proto";
import { type Endpoint, printEndpoint } from "./endpoint.ts";
import { failureText } from "./failure-text.ts";

const mostAnswerBytes = 16_384;
/** Of each message on the wire: whether it is compressed, and its length. */
const prefixBytes = 5;

/**
 * The standard gRPC health service, v1, over HTTP/2 without TLS: `SERVING` passes.
 *
 * One call, by hand: Connect's transport leaves an error of the session unheard when the peer speaks something else, and that
 * would end the agent.
 *
 * @param service  empty asks for the whole server.
 */
export async function askGrpc(at: Endpoint, service: string, signal: AbortSignal): Promise<CheckResult> {
  const what = service === "" ? "the gRPC server" : service;
  const answer = await call(
    at,
    toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })),
    signal,
  );
  if (typeof answer === "string") return { passed: false, text: `${what}: ${answer}` };
  const status = statusOf(answer);
  return status === undefined
    ? { passed: false, text: `${what}: its answer cannot be read` }
    : { passed: status === Serving.SERVING, text: `${what} is ${Serving[status] ?? status}` };
}

/** @returns the message that came back, or why none did. */
function call(at: Endpoint, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array | string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const session = connect(`http://${printEndpoint(at)}`, {
      maxSessionMemory: 1,
      settings: { enablePush: false },
    });
    const settle = (end: () => void): void => {
      signal.removeEventListener("abort", abort);
      session.destroy();
      end();
    };
    const abort = (): void => settle(() => reject(signal.reason));
    const fail = (why: string): void => settle(() => resolve(why));
    signal.addEventListener("abort", abort, { once: true });
    // They stay: what is destroyed may still have something to say, and unheard that ends the process.
    session.on("error", (error) => fail(explain(error)));
    session.on("close", () => fail(failureText({ code: "ECONNRESET" })));
    const stream = session.request({
      ":method": "POST",
      ":path": `/${Health.typeName}/${Health.method.check.name}`,
      "content-type": "application/grpc+proto",
      te: "trailers",
      "user-agent": "mcp-health",
    });
    stream.on("error", (error) => fail(explain(error)));
    let received = Buffer.alloc(0);
    let grpcStatus: unknown;
    stream.on("response", (headers) => {
      grpcStatus = headers["grpc-status"];
      const status = headers[":status"];
      if (status === 404) fail("it has no gRPC health service");
      else if (status !== 200) fail(`it answered ${status}, which is not gRPC`);
    });
    stream.on("trailers", (trailers) => {
      grpcStatus = trailers["grpc-status"] ?? grpcStatus;
    });
    stream.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length > mostAnswerBytes) fail("its answer is too large");
    });
    stream.on("end", () => {
      const code = Number(grpcStatus ?? Number.NaN);
      if (code !== 0) return fail(explainStatus(code));
      settle(() => resolve(received.subarray(prefixBytes)));
    });
    stream.end(Buffer.concat([prefixOf(message), message]));
  });
}

function prefixOf(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return prefix;
}

function statusOf(message: Uint8Array): Serving | undefined {
  try {
    return fromBinary(HealthCheckResponseSchema, message).status;
  } catch {
    return undefined;
  }
}

function explain(error: Error): string {
  const isOtherProtocol = "code" in error && String(error.code).startsWith("ERR_HTTP2_");
  return isOtherProtocol ? "it does not speak HTTP/2" : failureText(error);
}

function explainStatus(code: number): string {
  if (code === Code.Unimplemented) return "it has no gRPC health service";
  if (code === Code.NotFound) return "its health service does not know it";
  return code in Code ? `its health service answered ${Code[code]}` : "it does not speak gRPC";
}
