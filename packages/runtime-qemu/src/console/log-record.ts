import type { LogLine } from "@mcp/runtime";

export type Stream = LogLine["stream"];

/**
 * How far each raw output was read: the offset at which the next line begins. Kept in the log itself, with each line, so
 * that a line and the fact that it was read are written in one piece.
 */
export type Positions = Readonly<Record<Stream, number>>;

/**
 * One line of a stamped log. The log is a text file:
 *
 * ```
 * 1767225600000 at stdout=0 stderr=0
 * 1767225600120 stdout 14 hello, world
 * 1767225609999~ stderr 6 oops
 * ```
 *
 * The time in milliseconds (`~`: the line was found later than it was written), the stream, where its next line begins,
 * and the text, in the bytes that the guest wrote. `at` says how far every output was read.
 */
export type LogRecord =
  | { readonly atMs: number; readonly positions: Positions }
  | {
      readonly atMs: number;
      readonly stream: Stream;
      readonly end: number;
      readonly isFound: boolean;
      readonly bytes: Buffer;
    };

const linePrefix = /^(\d{1,16})(~?) (stdout|stderr) (\d{1,16}) /;
const positionsLine = /^(\d{1,16}) at stdout=(\d{1,16}) stderr=(\d{1,16})$/;
/** Longer than any prefix. */
const prefixBytes = 64;

/** With its line end, in pieces: a guest's bytes are not copied for it. */
export function printRecord(record: LogRecord): Buffer[] {
  if ("positions" in record) {
    const { stdout, stderr } = record.positions;
    return [Buffer.from(`${record.atMs} at stdout=${stdout} stderr=${stderr}\n`)];
  }
  const { atMs, stream, end, isFound, bytes } = record;
  return [Buffer.from(`${atMs}${isFound ? "~" : ""} ${stream} ${end} `), bytes, newline];
}

const newline = Buffer.from("\n");

/** Undefined for what is no record: a disk that lost power may hold anything. */
export function parseRecord(line: Buffer): LogRecord | undefined {
  const head = line.toString("latin1", 0, prefixBytes);
  const match = linePrefix.exec(head);
  if (match) {
    const [prefix, atMs, mark, stream, end] = match;
    return {
      atMs: Number(atMs),
      stream: stream as Stream,
      end: Number(end),
      isFound: mark === "~",
      bytes: line.subarray(prefix.length),
    };
  }
  const positions = positionsLine.exec(line.toString("latin1", 0, prefixBytes * 2));
  if (!positions) return undefined;
  const [, atMs, stdout, stderr] = positions;
  return { atMs: Number(atMs), positions: { stdout: Number(stdout), stderr: Number(stderr) } };
}

/** Undefined for a record that is no line of the guest's. */
export function toLogLine(record: LogRecord): LogLine | undefined {
  if ("positions" in record) return undefined;
  const { atMs, stream, isFound, bytes } = record;
  return { atMs, stream, text: bytes.toString("utf8"), ...(isFound && { found: true as const }) };
}

export interface PlacedRecord {
  readonly record: LogRecord;
  /** Where it begins in the block. */
  readonly start: number;
}

/** The whole records in a block, and how many bytes of it they take. */
export function recordsIn(block: Buffer): { readonly records: PlacedRecord[]; readonly length: number } {
  const records: PlacedRecord[] = [];
  let start = 0;
  for (let feed = block.indexOf("\n"); feed >= 0; feed = block.indexOf("\n", start)) {
    const record = parseRecord(block.subarray(start, feed));
    if (record) records.push({ record, start });
    start = feed + 1;
  }
  return { records, length: start };
}
