import type { LogRecord } from "./line-assembler.ts";

const space = 0x20;

/**
 * One line of a log file of the kind `k8s-file`: `<RFC 3339 time> <stdout|stderr> <F|P> <text>`, P being a piece of a line.
 * Undefined for what is none, such as a line cut short by a full disk.
 */
export function parseRecord(line: Buffer): LogRecord | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  const third = line.indexOf(space, second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const atMs = Date.parse(line.toString("latin1", 0, first));
  const stream = line.toString("latin1", first + 1, second);
  if (Number.isNaN(atMs) || (stream !== "stdout" && stream !== "stderr")) return undefined;
  // Its tag may be followed by others, after a colon.
  const isPartial = line[second + 1] === "P".charCodeAt(0);
  return { atMs, stream, isPartial, data: line.subarray(third + 1) };
}

/** A frame of podman's log stream: `<RFC 3339 time> <text>`, with a line end unless more of the line follows. */
export function parseFrame(stream: LogRecord["stream"], data: Buffer): LogRecord | undefined {
  const first = data.indexOf(space);
  const atMs = Date.parse(data.toString("latin1", 0, Math.max(0, first)));
  if (Number.isNaN(atMs)) return undefined;
  const isPartial = data.at(-1) !== "\n".charCodeAt(0);
  return { atMs, stream, isPartial, data: data.subarray(first + 1, isPartial ? data.length : -1) };
}

/** The whole lines of a buffer, without their ends, and what is left after the last. */
export function splitLines(bytes: Buffer): { readonly lines: Buffer[]; readonly rest: Buffer } {
  const lines: Buffer[] = [];
  let from = 0;
  for (let to = bytes.indexOf("\n"); to >= 0; to = bytes.indexOf("\n", from)) {
    lines.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return { lines, rest: bytes.subarray(from) };
}
