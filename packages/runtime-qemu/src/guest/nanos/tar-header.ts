/** What a tar file says of one entry, before the records that may correct it. */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  readonly size: number;
  readonly isExecutable: boolean;
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
  return {
    name: prefix === "" ? text(block, 0, 100) : `${prefix}/${text(block, 0, 100)}`,
    linkName: text(block, 157, 100),
    size,
    isExecutable: (mode & 0o111) !== 0,
    type: block.toString("latin1", 156, 157).replace("\0", "0"),
  };
}

/** Records of the form `27 path=some/long/name` and a line end, where the number counts all of it. */
export function parsePaxRecords(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let from = 0; from < data.length; ) {
    const space = data.indexOf(" ", from);
    const length = Number(data.toString("latin1", from, space));
    if (space < 0 || !Number.isInteger(length) || length <= 0) break;
    const record = data.toString("utf8", space + 1, from + length - 1);
    const equals = record.indexOf("=");
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    from += length;
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
