import { constants } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { type LogRecord, type Positions, printRecord, recordsIn, type Stream } from "./log-record.ts";
import { readAt } from "./read-at.ts";

export interface StampedLogOptions {
  /** Of `log` and `log.1` together. */
  readonly maxBytes: number;
}

export type StampedLine = Omit<Extract<LogRecord, { stream: Stream }>, "atMs">;

/** A reader that comes back after a crash looks this far for the latest positions, in most cases. */
const positionsEveryBytes = 64 * 1024;

/**
 * The log of one virtual machine: stamped lines are appended, and when it is half as large as it may be it becomes `log.1`
 * and a new one is begun. One writer at a time.
 *
 * It may be killed at any point. A record holds how far its output was read, so it is there with that or not at all; one
 * that was half written is cut off when the log is opened again. A new log begins with the positions that the old one
 * ended with, is made whole as `log.new`, and is only then put in place.
 */
export class StampedLog {
  readonly #path: string;
  readonly #halfBytes: number;
  #file: FileHandle;
  #size = 0;
  #sincePositions = 0;
  #positions: Positions = { stdout: 0, stderr: 0 };
  #lastAtMs = 0;
  /** Whether there is a line in the present file. */
  #hasLines = false;

  private constructor(path: string, { maxBytes }: StampedLogOptions, file: FileHandle) {
    this.#path = path;
    this.#halfBytes = maxBytes / 2;
    this.#file = file;
  }

  static async open(path: string, options: StampedLogOptions): Promise<StampedLog> {
    await finishRotation(path);
    const file = await openLog(path);
    const log = new StampedLog(path, options, file);
    try {
      await log.#recover();
    } catch (error) {
      await file.close();
      throw error;
    }
    return log;
  }

  /** Up to where each output is in the log. */
  get positions(): Positions {
    return this.#positions;
  }

  /** With one time for all, which is never before that of the line before. Where it throws, `positions` tells what is written. */
  async append(lines: readonly StampedLine[], nowMs: number): Promise<void> {
    const atMs = Math.max(nowMs, this.#lastAtMs);
    let pending: Buffer[] = [];
    let bytes = 0;
    let positions = this.#positions;
    const flush = async () => {
      if (pending.length > 0) await this.#write(Buffer.concat(pending), positions, atMs);
      pending = [];
      bytes = 0;
    };
    for (const line of lines) {
      const record = printRecord({ ...line, atMs });
      const length = record.reduce((sum, piece) => sum + piece.length, 0);
      if (this.#size + bytes + length > this.#halfBytes) {
        await flush();
        if (this.#hasLines) await this.#rotate(atMs);
      }
      pending.push(...record);
      bytes += length;
      positions = { ...positions, [line.stream]: line.end };
      if (bytes >= positionsEveryBytes) await flush();
    }
    await flush();
    if (this.#sincePositions >= positionsEveryBytes) await this.#writePositions(atMs);
  }

  /** From here on the outputs are new and empty ones. */
  async restart(nowMs: number): Promise<void> {
    this.#positions = { stdout: 0, stderr: 0 };
    await this.#writePositions(Math.max(nowMs, this.#lastAtMs));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #writePositions(atMs: number): Promise<void> {
    const record = Buffer.concat(printRecord({ atMs, positions: this.#positions }));
    await this.#write(record, this.#positions, atMs);
    this.#sincePositions = 0;
  }

  async #write(bytes: Buffer, positions: Positions, atMs: number): Promise<void> {
    try {
      await this.#file.appendFile(bytes);
    } catch (error) {
      // A part may have been written, and whoever tries again writes all of it.
      await this.#file.truncate(this.#size).catch(() => {});
      throw error;
    }
    this.#size += bytes.length;
    this.#sincePositions += bytes.length;
    this.#positions = positions;
    this.#lastAtMs = atMs;
    this.#hasLines = true;
  }

  async #rotate(atMs: number): Promise<void> {
    const beside = `${this.#path}.new`;
    const next = await openLog(beside);
    const header = Buffer.concat(printRecord({ atMs, positions: this.#positions }));
    try {
      await next.truncate(0);
      await next.appendFile(header);
      await rename(this.#path, `${this.#path}.1`).catch(unlessMissing);
      await rename(beside, this.#path);
    } catch (error) {
      await next.close();
      throw error;
    }
    await this.#file.close();
    this.#file = next;
    this.#size = header.length;
    this.#sincePositions = 0;
    this.#hasLines = false;
  }

  /** Cut off what was half written, and find the latest positions and time. */
  async #recover(): Promise<void> {
    const { size } = await this.#file.stat();
    for (let length = positionsEveryBytes * 2; ; length *= 4) {
      const from = Math.max(0, size - length);
      const block = await readAt(this.#file, from, size - from);
      const start = from === 0 ? 0 : block.indexOf("\n") + 1;
      const { records, length: whole } = recordsIn(block.subarray(start));
      const isFound = records.some(({ record }) => "positions" in record);
      if (!isFound && from > 0) continue;
      for (const { record } of records) this.#note(record);
      this.#size = from + start + whole;
      if (this.#size < size) await this.#file.truncate(this.#size);
      if (!isFound) await this.#writePositions(this.#lastAtMs);
      return;
    }
  }

  #note(record: LogRecord): void {
    this.#lastAtMs = Math.max(this.#lastAtMs, record.atMs);
    this.#positions =
      "positions" in record ? record.positions : { ...this.#positions, [record.stream]: record.end };
  }
}

const openLog = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW, 0o600);

/** A new log is put in place if the old one was moved away for it; else it was not needed yet. */
async function finishRotation(path: string): Promise<void> {
  if (await stat(path).catch(unlessMissing)) return rm(`${path}.new`, { force: true });
  await rename(`${path}.new`, path).catch(unlessMissing);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
