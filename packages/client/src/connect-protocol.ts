import { Problem } from "@mcp/base";
import { problemFromWire, type WireError } from "./problem-from-wire.ts";
import type { Wire, WireResponse } from "./wire.ts";

/*
 * The Connect protocol (https://connectrpc.com/docs/protocol) with JSON: a unary call is a POST of a message, answered by
 * a message or by an error; a stream sends messages in envelopes: a byte of flags, the length in four, the message. The
 * last envelope carries flag 2 and the error, if there is one.
 */

export interface Call {
  readonly path: string;
  /** What is asked, for people. */
  readonly what: string;
  readonly request: unknown;
  readonly signal?: AbortSignal;
}

const endOfStream = 0b10;
const headerBytes = 5;
/** What an agent sends at once is far below it; a larger length means that this is not an agent. */
const maxMessageBytes = 64 * 1024 * 1024;

export async function unary(wire: Wire, { path, what, request, signal }: Call): Promise<unknown> {
  const response = await wire.post({
    path,
    contentType: "application/json",
    body: encode(request),
    ...(signal && { signal }),
  });
  const body = await textOf(response);
  if (response.status !== 200) throw problemOf(response, body, what);
  return parse(body);
}

export async function* stream(
  wire: Wire,
  { path, what, request, signal }: Call,
): AsyncGenerator<unknown, void> {
  const response = await wire.post({
    path,
    contentType: "application/connect+json",
    body: envelope(encode(request)),
    ...(signal && { signal }),
  });
  if (response.status !== 200 || !response.contentType.startsWith("application/connect+json"))
    throw problemOf(response, await textOf(response), what);
  for await (const { flags, text } of envelopes(response.body)) {
    const message = parse(text);
    if ((flags & endOfStream) === 0) {
      yield message;
      continue;
    }
    const { error } = message as { error?: WireError };
    if (error) throw problemFromWire(error, what);
    return;
  }
  throw new Problem("agent_unreachable", `the agent ended ${what} in the middle`, "try again in a moment");
}

async function* envelopes(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ flags: number; text: string }, void> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    while (held.length >= headerBytes) {
      const length = held.readUInt32BE(1);
      if (length > maxMessageBytes) throw notConnect(undefined);
      if (held.length < headerBytes + length) break;
      yield { flags: held.readUInt8(0), text: held.toString("utf8", headerBytes, headerBytes + length) };
      held = held.subarray(headerBytes + length);
    }
  }
}

function envelope(message: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

const encode = (message: unknown): Buffer => Buffer.from(JSON.stringify(message));

async function textOf({ body }: WireResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function problemOf(response: WireResponse, body: string, what: string): Problem {
  if (response.contentType.startsWith("application/json"))
    return problemFromWire(parse(body) as WireError, what);
  // What no agent of this name has: it is older than this program.
  if (response.status === 404 || response.status === 415)
    return problemFromWire({ code: "unimplemented" }, what);
  return notConnect(`HTTP status ${response.status}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notConnect(error);
  }
}

const notConnect = (cause: unknown): Problem =>
  new Problem(
    "agent_unreachable",
    "what answers is not an mcp agent",
    "correct the address under [[nodes]] in mcp.toml",
    { cause },
  );
