/** What a tar file says of one entry, before the records that may correct it. */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  readonly size: number;
  readonly isExecutable: boolean;
  /** When it was last changed, in seconds since the epoch; 0 for what a number cannot say. */
  readonly changed: number;
  /** `0` a file, `1` a hard link, `2` a link, `5` a folder, `x` `g` `L` `K` records about the next entries, … */
  readonly type: string;
}

export const blockBytes = 512;

/** Undefined for a block that is no header: its checksum does not fit. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (number(block, 148, 8) !== checksum(block)) return undefined;
  const size = number(block, 124, 12);
  const mode = number(block, 100, 8);
  if (size === undefined || mode === undefined) return undefined;
  const isUstar = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? text(block, 345, 155) : "";
  const name = prefix === "" ? text(block, 0, 100) : `${prefix}/${text(block, 0, 100)}`;
  const type = block.toString("latin1", 156, 157).replace("\0", "0");
  return {
    name,
    linkName: text(block, 157, 100),
    size,
    isExecutable: (mode & 0o111) !== 0,
    changed: number(block, 136, 12) ?? 0,
    // The oldest form has no type for a folder.
    type: type === "0" && name.endsWith("/") ? "5" : type,
  };
}

/** Records of the form `27 path=some/long/name` and a line end, where the number counts all of it; undefined for others. */
export function parsePaxRecords(data: Buffer): Map<string, string> | undefined {
  const records = new Map<string, string>();
  for (let from = 0; from < data.length; ) {
    const space = data.indexOf(" ", from);
    const digits = space < 0 ? "" : data.toString("latin1", from, Math.min(space, from + 10));
    const end = from + Number(digits);
    const equals = data.indexOf("=", space);
    const isWhole = /^[1-9]\d*$/.test(digits) && equals > space + 1 && equals < end && data[end - 1] === 0x0a;
    if (!isWhole) return undefined;
    records.set(data.toString("utf8", space + 1, equals), data.toString("utf8", equals + 1, end - 1));
    from = end;
  }
  return records;
}

/** Up to the first NUL. */
export function text(block: Buffer, from: number, length: number): string {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}

/** Octal digits; or, with the first bit set, the bytes themselves. */
function number(block: Buffer, from: number, length: number): number | undefined {
  const first = block[from] ?? 0;
  if (first & 0x80) {
    let value = BigInt(first & 0x7f);
    for (const byte of block.subarray(from + 1, from + length)) value = value * 256n + BigInt(byte);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
  }
  const digits = text(block, from, length).trim();
  if (digits === "") return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** Of all bytes, those of the checksum itself taken for spaces. */
function checksum(block: Buffer): number {
  let sum = 0;
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return sum;
}
