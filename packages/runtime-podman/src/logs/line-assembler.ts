import type { LogLine } from "@mcp/runtime";

/** A piece of a line, as the container's supervisor cut it. */
export interface LogRecord {
  readonly atMs: number;
  readonly stream: LogLine["stream"];
  /** More of the same line follows. */
  readonly isPartial: boolean;
  readonly data: Buffer;
}

const longestLineBytes = 1024 * 1024;

/**
 * Puts lines together that were written in pieces, for each stream apart. Joined as bytes: a piece may end inside a
 * letter. Beyond a mebibyte a line is given out in parts.
 */
export class LineAssembler {
  readonly #pieces: Record<LogLine["stream"], LogRecord[]> = { stdout: [], stderr: [] };

  /** The line that this record completes, with the record's time. */
  push(record: LogRecord): LogLine | undefined {
    const pieces = this.#pieces[record.stream];
    pieces.push(record);
    const bytes = pieces.reduce((sum, { data }) => sum + data.length, 0);
    return record.isPartial && bytes < longestLineBytes ? undefined : this.#take(record.stream);
  }

  /** What was begun and never completed. */
  rest(): LogLine[] {
    return (["stdout", "stderr"] as const)
      .flatMap((stream) => this.#take(stream) ?? [])
      .sort((a, b) => a.atMs - b.atMs);
  }

  #take(stream: LogLine["stream"]): LogLine | undefined {
    const pieces = this.#pieces[stream].splice(0);
    const last = pieces.at(-1);
    if (!last) return undefined;
    return { atMs: last.atMs, stream, text: Buffer.concat(pieces.map(({ data }) => data)).toString("utf8") };
  }
}
