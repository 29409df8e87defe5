import { type FileHandle, open } from "node:fs/promises";

const block = 512;
const mostBytes = 1024 * 1024;

export interface TarContents {
  /** Of the regular files asked for: their text, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** When the newest entry was last changed, in seconds since the epoch; what is of the future does not count. */
  readonly newest: number;
}

/**
 * A look into a tar archive, for a few files by their paths without a leading `./` or `/`. Only headers are read, and what
 * is between them skipped, so a large archive is soon done. Understood are plain, pax and GNU long names.
 */
export async function readTar(
  path: string,
  wanted: ReadonlySet<string>,
  nowMs: number,
): Promise<TarContents> {
  const found = new Map<string, string>();
  let newest = 0;
  const file = await open(path, "r");
  try {
    let longName: string | undefined;
    let longSize: number | undefined;
    for (let at = 0; ; ) {
      const header = await readAt(file, at, block);
      if (header.length < block || header.every((byte) => byte === 0)) return { files: found, newest };
      const size = longSize ?? numberAt(header, 124);
      const changed = numberAt(header, 136);
      if (changed * 1_000 <= nowMs) newest = Math.max(newest, changed);
      const body = at + block;
      const type = String.fromCharCode(header[156] ?? 0);
      at = body + Math.ceil(size / block) * block;
      if (type === "x" || type === "L") {
        const text = await readAt(file, body, Math.min(size, mostBytes));
        if (type === "L") longName = cString(text);
        else {
          const records = paxRecords(text);
          longName = records.get("path") ?? longName;
          const paxSize = records.get("size");
          longSize = paxSize === undefined ? undefined : Number(paxSize);
        }
        continue;
      }
      const name = (longName ?? nameOf(header)).replace(/^(\.?\/)+/, "");
      [longName, longSize] = [undefined, undefined];
      if (wanted.has(name) && (type === "0" || type === "\0"))
        found.set(name, (await readAt(file, body, Math.min(size, mostBytes))).toString("utf8"));
    }
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Octal digits; or, where those are too few, a number in base 256 that is marked by its first bit. */
function numberAt(header: Buffer, at: number): number {
  const field = header.subarray(at, at + 12);
  if ((field[0] ?? 0) & 0x80) return Number(field.readBigUInt64BE(4));
  return Number.parseInt(cString(field).trim() || "0", 8);
}

function nameOf(header: Buffer): string {
  const name = cString(header.subarray(0, 100));
  const isPosix = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? cString(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

/** Records of the form `LENGTH KEY=VALUE\n`, the length counting all of it in bytes. */
function paxRecords(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString("latin1", at, space));
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - at) return records;
    const [key = "", ...value] = bytes.toString("utf8", space + 1, at + length - 1).split("=");
    records.set(key, value.join("="));
    at += length;
  }
  return records;
}
