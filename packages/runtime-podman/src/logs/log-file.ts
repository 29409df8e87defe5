import { type FileHandle, open, stat } from "node:fs/promises";
import type { Clock } from "@mcp/base";
import type { LogLine, LogOptions } from "@mcp/runtime";
import { LineAssembler, type LogRecord } from "./line-assembler.ts";
import { parseRecord, splitLines } from "./log-record.ts";

export interface LogFileOptions extends LogOptions {
  readonly clock: Clock;
  /** Whether nothing more will be written. Asked before each look at the file. */
  readonly isOver: () => Promise<boolean>;
}

const blockBytes = 64 * 1024;
const lookMs = 100;

/**
 * The lines of a container's log file. Podman's own log stream would do, but for four things: it tells times in whole
 * seconds, garbles long lines when asked for a tail, may follow for ever what ended at the wrong moment, and leaks
 * where it is not read to its end. A file that is begun anew (renamed over) while it is followed is read to its end
 * first.
 */
export async function* readLogFile(
  path: string,
  options: LogFileOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const { tail, sinceMs = 0, follow = false, clock, isOver } = options;
  const reader = await LogReader.open(path);
  try {
    signal.throwIfAborted();
    if (tail !== undefined && !follow) {
      yield* await reader.last(tail, sinceMs, "with the rest");
      return;
    }
    if (tail !== undefined) yield* await reader.last(tail, sinceMs);
    else if (sinceMs > 0) await reader.skipTo(sinceMs);
    for (;;) {
      signal.throwIfAborted();
      const isLastLook = !follow || (await isOver());
      // Asked before reading: whoever puts another file in its place writes nothing more to this one.
      const isReplaced = await reader.isReplaced();
      for await (const line of reader.lines()) {
        signal.throwIfAborted();
        if (line.atMs >= sinceMs) yield line;
      }
      if (isReplaced && (await reader.turnOver())) continue;
      if (isLastLook) break;
      await clock.sleep(lookMs, signal);
    }
    yield* reader.rest().filter((line) => line.atMs >= sinceMs);
  } finally {
    await reader.close();
  }
}

class LogReader {
  readonly #path: string;
  #file: FileHandle | undefined;
  #position = 0;
  #unfinished: Buffer = Buffer.alloc(0);
  readonly #assembler = new LineAssembler();

  private constructor(path: string, file: FileHandle | undefined) {
    this.#path = path;
    this.#file = file;
  }

  /** A file that is not there yet is an empty one. */
  static async open(path: string): Promise<LogReader> {
    return new LogReader(path, await openIfThere(path));
  }

  /** From where it stands to the file's present end. */
  async *lines(): AsyncGenerator<LogLine> {
    for (;;) {
      const block = await this.#read(this.#position, blockBytes);
      if (block.length === 0) return;
      this.#position += block.length;
      for (const record of this.#records(block)) {
        const line = this.#assembler.push(record);
        if (line) yield line;
      }
    }
  }

  rest(): LogLine[] {
    return this.#assembler.rest();
  }

  /**
   * The last lines not older than `sinceMs`; then it stands at the end. With the rest, a line that was never ended is
   * one of them; without, it is kept for what follows.
   */
  async last(count: number, sinceMs: number, what?: "with the rest"): Promise<LogLine[]> {
    const size = await this.#size();
    if (count === 0) {
      this.#position = size;
      return [];
    }
    // Two more than are wanted: the first of each stream may be the end of a line begun before.
    await this.#seekBack(size, (records) => {
      const lines = records.filter((record) => !record.isPartial && record.atMs >= sinceMs);
      return lines.length >= count + 2 || (records[0]?.atMs ?? sinceMs) < sinceMs;
    });
    const found = await Array.fromAsync(this.lines());
    const rest = what === "with the rest" ? this.rest() : [];
    return [...found, ...rest].filter((line) => line.atMs >= sinceMs).slice(-count);
  }

  async skipTo(sinceMs: number): Promise<void> {
    await this.#seekBack(await this.#size(), (records) => (records[0]?.atMs ?? sinceMs) < sinceMs);
  }

  /** Whether another file has taken its place. */
  async isReplaced(): Promise<boolean> {
    const now = await stat(this.#path).catch(() => undefined);
    return now !== undefined && now.ino !== (await this.#file?.stat())?.ino;
  }

  /** To the beginning of the file that took its place. */
  async turnOver(): Promise<boolean> {
    const next = await openIfThere(this.#path);
    if (!next) return false;
    await this.#file?.close();
    this.#file = next;
    this.#position = 0;
    this.#unfinished = Buffer.alloc(0);
    return true;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /** Stand so far before the end that what follows is enough, in ever longer steps. */
  async #seekBack(size: number, isEnough: (records: readonly LogRecord[]) => boolean): Promise<void> {
    for (let length = blockBytes; ; length *= 4) {
      const from = Math.max(0, size - length);
      const bytes = await this.#read(from, size - from);
      // The first line is cut, unless the file begins with it.
      const start = from === 0 ? 0 : bytes.indexOf("\n") + 1;
      const { lines } = splitLines(bytes.subarray(start));
      if (from === 0 || (start > 0 && isEnough(lines.flatMap((line) => parseRecord(line) ?? [])))) {
        this.#position = from + start;
        return;
      }
    }
  }

  *#records(block: Buffer): Generator<LogRecord> {
    const { lines, rest } = splitLines(Buffer.concat([this.#unfinished, block]));
    // Copied, so that a short rest does not hold the whole block.
    this.#unfinished = Buffer.from(rest);
    for (const line of lines) {
      const record = parseRecord(line);
      if (record) yield record;
    }
  }

  async #size(): Promise<number> {
    return (await this.#file?.stat())?.size ?? 0;
  }

  async #read(position: number, length: number): Promise<Buffer> {
    if (!this.#file || length === 0) return Buffer.alloc(0);
    const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
