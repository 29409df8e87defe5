import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createConnectRouter } from "@connectrpc/connect";
import { createAsyncIterable, type UniversalServerResponse } from "@connectrpc/connect/protocol";
import { endStreamFromJson, errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerParse } from "@connectrpc/connect/protocol-grpc-web";
import { DeployRequestSchema, ProblemDetailSchema } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { routesOf } from "../src/index.ts";
import { openRig } from "./rig.ts";

/** What Connect refuses before a handler of ours sees it is a problem with a code and a hint all the same. */

async function ask(rpc: string, type: string, body: Uint8Array, more: Record<string, string> = {}) {
  await using rig = await openRig();
  const router = createConnectRouter({ readMaxBytes: 1_000 });
  routesOf(rig.life.agent)(router);
  const handler = router.handlers.find(({ requestPath }) => requestPath === `/mcp.v1.AgentService/${rpc}`);
  if (!handler) throw new Error(`no rpc ${rpc}`);
  const response = await handler({
    httpVersion: "2",
    url: `http://agent${handler.requestPath}`,
    method: "POST",
    header: new Headers({ "content-type": type, ...more }),
    body: createAsyncIterable([body]),
    signal: new AbortController().signal,
  });
  const error = await errorOf(type, response);
  const [detail] = error?.findDetails(ProblemDetailSchema) ?? [];
  return { code: error && Code[error.code], problem: detail?.code, hint: detail?.hint, detail };
}

async function errorOf(type: string, response: UniversalServerResponse): Promise<ConnectError | undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (type.startsWith("application/grpc-web")) return findTrailerError(trailerParse(body.subarray(5)));
  if (type.startsWith("application/grpc")) return findTrailerError(response.trailer as Headers);
  if (type.startsWith("application/connect")) return endStreamFromJson(body.subarray(5)).error;
  return errorFromJsonBytes(body, undefined, new ConnectError("no error", Code.Unknown));
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
function envelope(body: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(5 + body.length);
  framed.writeUInt32BE(body.length, 1);
  framed.set(body, 5);
  return framed;
}

const refused = { code: "InvalidArgument", problem: "request_invalid" };
const malformed = text('{"service": ');

describe("a request that cannot be read is a problem", () => {
  it.each([
    ["JSON that ends too soon", "application/json", malformed],
    ["a number for a text", "application/json", text('{"service": 7}')],
    ["a list for a message", "application/json", text("[]")],
    ["no text at all", "application/json", Uint8Array.of(0xff, 0xfe)],
    ["an empty body", "application/json", text("")],
  ])("%s", async (_, type, body) => {
    const answer = await ask("Status", type, body);
    expect(answer).toMatchObject(refused);
    expect(answer.hint).not.toBe("");
    expect(answer.detail?.message).not.toBe("");
  });

  it.each([
    ["a stream of Connect's", "application/connect+json"],
    ["gRPC", "application/grpc+json"],
    ["gRPC-web", "application/grpc-web+json"],
  ])("malformed JSON in %s", async (_, type) => {
    expect(await ask("Deploy", type, envelope(malformed))).toMatchObject(refused);
  });

  it("bytes that are no protobuf", async () => {
    expect(await ask("Status", "application/proto", text("no protobuf"))).toMatchObject({
      problem: "request_invalid",
    });
  });

  it.each(["application/connect+json", "application/grpc+json"])("an envelope cut off: %s", async (type) => {
    expect(await ask("Deploy", type, envelope(text("{}")).subarray(0, 6))).toMatchObject(refused);
  });

  it("more bytes than may be sent", async () => {
    const toml = "x".repeat(2_000);
    const body = toBinary(DeployRequestSchema, create(DeployRequestSchema, { definition: { toml } }));
    expect(await ask("Deploy", "application/connect+proto", envelope(body))).toMatchObject({
      code: "ResourceExhausted",
      problem: "definition_too_large",
    });
  });

  it("a compression that is not known", async () => {
    const headers = { "content-encoding": "zstd" };
    expect(await ask("Status", "application/json", text("{}"), headers)).toMatchObject({
      code: "Unimplemented",
      problem: "not_yet_supported",
    });
  });

  it("a time limit that is none", async () => {
    const headers = { "connect-timeout-ms": "soon" };
    expect(await ask("Status", "application/json", text("{}"), headers)).toMatchObject(refused);
  });

  it("a problem of our own keeps its own detail", async () => {
    const answer = await ask("Status", "application/json", text('{"service": "../etc"}'));
    expect(answer).toMatchObject(refused);
    expect(answer.detail?.message).toContain("is not the name of a service");
  });
});
