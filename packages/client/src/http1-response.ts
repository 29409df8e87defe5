/** An answer, whose body is still to be read. */
export interface Http1Response {
  readonly status: number;
  /** Empty if there was none. */
  readonly contentType: string;
  /** Throws where the connection ends before the body does. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What came is no HTTP/1.1. */
export class NotHttp extends Error {}

/**
 * Read an answer by HTTP/1.1 (RFC 9112) to a GET or a POST, from a connection that carries no other.
 *
 * @throws NotHttp; what the connection throws; an error where it ends too early.
 */
export async function readResponse(chunks: AsyncIterable<Buffer>): Promise<Http1Response> {
  const received = new Received(chunks);
  for (;;) {
    const status = statusOf(await received.line());
    const headers = await readHeaders(received);
    // Below 200 it only says that the answer is to come.
    if (status < 200) continue;
    return {
      status,
      contentType: headers.get("content-type") ?? "",
      body: bodyOf(received, headers),
    };
  }
}

type Headers = ReadonlyMap<string, string>;

function statusOf(line: string): number {
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line) ?? [];
  if (status === undefined) throw new NotHttp(`not the first line of an answer: ${line.slice(0, 80)}`);
  return Number(status);
}

async function readHeaders(received: Received): Promise<Headers> {
  const headers = new Map<string, string>();
  for (let line = await received.line(); line !== ""; line = await received.line()) {
    const [, name, value = ""] = /^([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || headers.size === mostHeaders)
      throw new NotHttp(`no header: ${line.slice(0, 80)}`);
    headers.set(name.toLowerCase(), value);
  }
  return headers;
}

function bodyOf(received: Received, headers: Headers): AsyncIterable<Uint8Array> {
  const coding = headers.get("transfer-encoding");
  if (coding?.toLowerCase() === "chunked") return chunked(received);
  if (coding !== undefined) throw new NotHttp(`a transfer coding that was not asked for: ${coding}`);
  const length = headers.get("content-length");
  if (length === undefined) return received.all();
  if (!/^\d{1,15}$/.test(length)) throw new NotHttp(`no length: ${length}`);
  return received.exactly(Number(length));
}

async function* chunked(received: Received): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const line = await received.line();
    const [, digits] = /^([0-9a-f]{1,12})\s*(?:;.*)?$/i.exec(line) ?? [];
    if (digits === undefined) throw new NotHttp(`no length of a chunk: ${line.slice(0, 80)}`);
    const length = Number.parseInt(digits, 16);
    if (length === 0) break;
    yield* received.exactly(length);
    if ((await received.line()) !== "") throw new NotHttp("a chunk is longer than it said");
  }
  await readHeaders(received);
}

const mostHeaders = 100;
const mostBytesOfALine = 16 * 1024;

/** What a connection brings, taken by the line and by the byte. */
class Received {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Without its end. */
  async line(): Promise<string> {
    let end = this.#held.indexOf("\n");
    while (end === -1) {
      if (this.#held.length > mostBytesOfALine) throw new NotHttp("a line does not end");
      this.#held = Buffer.concat([this.#held, await this.#next()]);
      end = this.#held.indexOf("\n");
    }
    const line = this.#held.toString("latin1", 0, end);
    this.#held = this.#held.subarray(end + 1);
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }

  /** As it comes. */
  async *exactly(length: number): AsyncGenerator<Buffer, void> {
    for (let missing = length; missing > 0; ) {
      if (this.#held.length === 0) this.#held = await this.#next();
      const some = this.#held.subarray(0, missing);
      this.#held = this.#held.subarray(some.length);
      missing -= some.length;
      yield some;
    }
  }

  /** Until the connection ends. */
  async *all(): AsyncGenerator<Buffer, void> {
    yield this.#held;
    for (;;) {
      const { value, done } = await this.#chunks.next();
      if (done) return;
      yield value;
    }
  }

  async #next(): Promise<Buffer> {
    const { value, done } = await this.#chunks.next();
    if (done) throw new Error("the connection ended in the middle of an answer");
    return value;
  }
}
