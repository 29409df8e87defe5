import { type FileHandle, open, stat } from "node:fs/promises";
import { type LogRecord, type PlacedRecord, recordsIn } from "./log-record.ts";
import { readAt } from "./read-at.ts";

const blockBytes = 64 * 1024;

/**
 * Reads a log and the one that it was rotated from, as one. Which file comes after which is told by their inodes: a file
 * that is held open cannot lend its number to another one. A reader so slow that two rotations pass it by goes on with the
 * oldest file that there still is.
 */
export class LogReader {
  readonly #path: string;
  #file: FileHandle | undefined;
  #position = 0;
  /** The file that comes after `#file`, if that is not the newest. */
  #next: FileHandle | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** At the beginning of the oldest file. A log that is not there yet is an empty one. */
  static async open(path: string): Promise<LogReader> {
    const reader = new LogReader(path);
    reader.#file = (await openIfThere(`${path}.1`)) ?? (await openIfThere(path));
    reader.#next = await reader.#openNext();
    return reader;
  }

  /** From where it stands to the present end. */
  async *records(): AsyncGenerator<LogRecord> {
    for (;;) {
      this.#file ??= await openIfThere(this.#path);
      // Asked before reading: whoever begins a new file writes nothing more to this one.
      this.#next ??= await this.#openNext();
      yield* this.#rest();
      if (!this.#next) return;
      await this.#moveOn();
    }
  }

  /** Stand so that so many lines are to come, or all if there are fewer. */
  async seekLast(count: number): Promise<void> {
    let missing = count;
    await this.#seekBack(
      (records, length) => {
        const lines = linesOf(records);
        return missing === 0 ? length : lines.at(-missing)?.start;
      },
      (records) => {
        missing -= linesOf(records).length;
      },
    );
  }

  /** Stand before the first line of this time or later, and perhaps some lines earlier. */
  async seekSince(sinceMs: number): Promise<void> {
    await this.#seekBack(([first]) => (first && first.record.atMs < sinceMs ? first.start : undefined));
  }

  async close(): Promise<void> {
    await Promise.all([this.#file?.close(), this.#next?.close()]);
    this.#file = undefined;
    this.#next = undefined;
  }

  /**
   * Look at ever longer ends of the newest file, then of the one before, until `pick` says where to stand in what it is
   * shown.
   * @param onWhole  told of all records of a file in which there was no such place.
   */
  async #seekBack(pick: Pick, onWhole: (records: readonly PlacedRecord[]) => void = () => {}): Promise<void> {
    if (this.#next) {
      const position = await backTo(this.#next, pick, onWhole);
      if (position !== undefined) {
        await this.#moveOn();
        this.#position = position;
        return;
      }
    }
    if (this.#file) this.#position = (await backTo(this.#file, pick, onWhole)) ?? 0;
  }

  async *#rest(): AsyncGenerator<LogRecord> {
    const file = this.#file;
    if (!file) return;
    for (let length = blockBytes; ; ) {
      const block = await readAt(file, this.#position, length);
      const whole = recordsIn(block);
      this.#position += whole.length;
      for (const { record } of whole.records) yield record;
      if (whole.length > 0) length = blockBytes;
      else if (block.length < length) return;
      // A line longer than a block.
      else length *= 4;
    }
  }

  async #moveOn(): Promise<void> {
    const before = this.#file;
    this.#file = this.#next;
    this.#next = undefined;
    this.#position = 0;
    await before?.close();
  }

  /** Undefined if the present file is the newest, or the next one is not in its place yet. */
  async #openNext(): Promise<FileHandle | undefined> {
    const here = (await this.#file?.stat())?.ino;
    if (here === undefined) return undefined;
    for (;;) {
      const newest = await inodeOf(this.#path);
      if (newest === here) return undefined;
      const before = await inodeOf(`${this.#path}.1`);
      if (before !== undefined && before !== here) return openIfThere(`${this.#path}.1`);
      const next = await openIfThere(this.#path);
      // Still the same: no rotation came between, so nothing lies between this file and the next.
      if ((await inodeOf(`${this.#path}.1`)) === before) return next;
      await next?.close();
    }
  }
}

/** Where to stand in a block that is so long, undefined if it lies before it. */
type Pick = (records: readonly PlacedRecord[], length: number) => number | undefined;

async function backTo(
  file: FileHandle,
  pick: Pick,
  onWhole: (records: readonly PlacedRecord[]) => void,
): Promise<number | undefined> {
  const { size } = await file.stat();
  for (let length = blockBytes; ; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = await readAt(file, from, size - from);
    // The first line is cut, unless the file begins with it.
    const start = from === 0 ? 0 : bytes.indexOf("\n") + 1;
    if (from > 0 && start === 0) continue;
    const block = recordsIn(bytes.subarray(start));
    const found = pick(block.records, block.length);
    if (found !== undefined) return from + start + found;
    if (from > 0) continue;
    onWhole(block.records);
    return undefined;
  }
}

const linesOf = (records: readonly PlacedRecord[]) => records.filter(({ record }) => "stream" in record);

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path, "r").catch(unlessMissing);
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(unlessMissing))?.ino;
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
