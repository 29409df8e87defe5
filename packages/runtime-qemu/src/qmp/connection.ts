import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { Problem, printDuration } from "@mcp/base";
import { EventQueue } from "./event-queue.ts";
import { LineReader } from "./line-reader.ts";
import { parseMessage, type QmpEvent, type QmpMessage } from "./messages.ts";
import type { Qmp } from "./qmp.ts";

interface Question {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** QEMU's longest answers are some 100 KiB; what is longer comes from a QEMU that is not to be believed. */
const longestMessage = 1024 * 1024;

export class QmpConnection implements Qmp {
  readonly #socket: Socket;
  readonly #where: string;
  readonly #signal: AbortSignal;
  readonly #lines = new LineReader(longestMessage);
  readonly #questions = new Map<string, Question>();
  readonly #queues = new Set<EventQueue>();
  readonly #greeting = Promise.withResolvers<unknown>();
  readonly #onAbort = (): void => this.#end(this.#signal.reason);
  #ended: { readonly error: unknown } | undefined;
  #asked = 0;

  private constructor(socket: Socket, where: string, signal: AbortSignal) {
    this.#socket = socket;
    this.#where = where;
    this.#signal = signal;
    this.#greeting.promise.catch(() => {});
    socket.on("data", (piece: Buffer) => this.#read(piece));
    socket.once("error", () => this.#end(this.#gone()));
    socket.once("close", () => this.#end(this.#gone()));
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Connected, greeted, and ready for questions; undefined if nobody listens there. */
  static async open(
    folder: string,
    name: string,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<QmpConnection | undefined> {
    const where = `${folder}/${name}`;
    const socket = await connect(folder, name);
    if (!socket) return undefined;
    const connection = new QmpConnection(socket, where, signal);
    if (signal.aborted) connection.#onAbort();
    const deadline = performance.now() + timeoutMs;
    try {
      await connection.#within(timeoutMs, "greet", connection.#greeting.promise);
      await connection.execute(
        "qmp_capabilities",
        {},
        { timeoutMs: Math.max(1, deadline - performance.now()) },
      );
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async execute(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    { timeoutMs = 5_000 }: { readonly timeoutMs?: number } = {},
  ): Promise<unknown> {
    if (this.#ended) throw this.#ended.error;
    const id = `mcp-${++this.#asked}`;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#questions.set(id, { command, resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    try {
      return await this.#within(timeoutMs, `answer ${command}`, promise);
    } finally {
      this.#questions.delete(id);
    }
  }

  events(): AsyncIterableIterator<QmpEvent, void> {
    const queue = new EventQueue(() => this.#queues.delete(queue));
    if (this.#ended) queue.end(isSilent(this.#ended.error) ? undefined : this.#ended.error);
    else this.#queues.add(queue);
    return queue;
  }

  close(): void {
    this.#end(this.#gone());
  }

  #read(piece: Buffer): void {
    for (const line of this.#lines.push(piece) ?? [undefined]) {
      const message = line === undefined ? undefined : parseMessage(line);
      if (message) this.#take(message);
      else this.#end(this.#nonsense());
      if (this.#ended) return;
    }
  }

  #take(message: QmpMessage): void {
    switch (message.is) {
      case "greeting":
        this.#greeting.resolve(message.version);
        break;
      case "event":
        this.#tell(message.event);
        break;
      case "answer":
        // Of a question that was given up meanwhile there is nobody to tell.
        this.#questions.get(message.id)?.resolve(message.value);
        break;
      case "refusal": {
        const question = message.id === undefined ? undefined : this.#questions.get(message.id);
        question?.reject(refused(this.#where, question.command, message.kind, message.text));
        break;
      }
    }
  }

  #tell(event: QmpEvent): void {
    for (const queue of this.#queues) {
      if (queue.push(event)) continue;
      this.#queues.delete(queue);
      queue.end(tooSlow(this.#where));
    }
  }

  /** Everybody who waits is told, once. */
  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = { error };
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#socket.destroy();
    this.#greeting.reject(error);
    for (const { reject } of this.#questions.values()) reject(error);
    for (const queue of this.#queues) queue.end(isSilent(error) ? undefined : error);
    this.#queues.clear();
  }

  async #within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(notInTime(this.#where, what, ms)), ms);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #gone(): ConversationOver {
    return new ConversationOver(this.#where);
  }

  #nonsense(): Problem {
    return new Problem(
      "runtime_failed",
      `what listens at ${this.#where} does not speak as QEMU does`,
      "see what became of it: mcp ps, mcp logs",
    );
  }
}

/** The usual end, of which those who listen for events learn by their events' end. */
class ConversationOver extends Problem {
  constructor(where: string) {
    super(
      "runtime_unavailable",
      `the QEMU at ${where} has hung up`,
      "see what became of it: mcp ps, mcp logs",
    );
  }
}

const isSilent = (error: unknown): boolean => error instanceof ConversationOver;

/**
 * By the folder's descriptor: a unix socket's path may have 107 bytes only, and folders of state are longer.
 * Undefined if there is no such socket, or nobody behind it.
 */
async function connect(folder: string, name: string): Promise<Socket | undefined> {
  const nobody = new Set(["ENOENT", "ECONNREFUSED", "ENOTDIR"]);
  let opened: Awaited<ReturnType<typeof open>> | undefined;
  try {
    opened = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    const socket = createConnection({ path: `/proc/self/fd/${opened.fd}/${name}` });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    return socket;
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    if (nobody.has(code)) return undefined;
    throw new Problem(
      "runtime_unavailable",
      `the QEMU at ${folder}/${name} cannot be reached: ${message.replaceAll(/\/proc\/self\/fd\/\d+/g, folder)}`,
      `look at: ls -la ${folder}`,
      { cause },
    );
  } finally {
    await opened?.close();
  }
}

function refused(where: string, command: string, kind: string, text: string): Problem {
  return new Problem(
    "runtime_failed",
    `the QEMU at ${where} refused ${command}: ${text} (${kind})`,
    "see what state it is in: mcp ps",
  );
}

function notInTime(where: string, what: string, ms: number): Problem {
  return new Problem(
    "runtime_timeout",
    `the QEMU at ${where} did not ${what} within ${printDuration(ms)}`,
    "it hangs, or is stopped by a signal: see mcp ps, then mcp restart",
  );
}

function tooSlow(where: string): Problem {
  return new Problem(
    "runtime_failed",
    `1 000 events of the QEMU at ${where} were not read`,
    "they are listened for anew",
  );
}
