/** Begins an archive of lz4's first format, which kernels are packed in (lz4's "Legacy frame"). */
export const lz4LegacyMagic = 0x184c2102;

/** Each block of that format becomes at most so much. */
const blockBytes = 8 * 1024 * 1024;

/**
 * What an archive of lz4's legacy format holds, block by block: after the magic, each block has its length before it.
 *
 * @param maxBytes  it becomes no larger than this.
 * @throws Error where it is no such archive, is cut short, or becomes larger.
 */
export function* lz4LegacyBlocks(archive: Buffer, maxBytes: number): Generator<Buffer, void> {
  if (archive.length < 4 || archive.readUInt32LE(0) !== lz4LegacyMagic)
    throw new Error("this is no lz4 archive");
  let total = 0;
  for (let at = 4; at + 4 <= archive.length; ) {
    const length = archive.readUInt32LE(at);
    at += 4;
    if (length > archive.length - at) throw new Error("the lz4 archive is cut short");
    const block = decodeBlock(archive.subarray(at, at + length));
    total += block.length;
    if (total > maxBytes) throw new Error(`the lz4 archive becomes larger than ${maxBytes} bytes`);
    yield block;
    at += length;
  }
}

/**
 * One block: sequences of literal bytes and of a match, which repeats bytes that were written up to 65 535 bytes ago. A token
 * holds the lengths of both, four bits each; fifteen means that more bytes of it follow, until one that is not 255. The last
 * sequence has no match. (lz4's "Block Format Description".)
 */
function decodeBlock(block: Buffer): Buffer {
  const out = Buffer.allocUnsafe(blockBytes);
  let to = 0;
  let at = 0;
  const byte = (): number => {
    const value = block[at++];
    if (value === undefined) throw new Error("an lz4 block is cut short");
    return value;
  };
  const lengthOf = (bits: number): number => {
    let length = bits;
    if (bits === 15) for (let more = 255; more === 255; length += more) more = byte();
    return length;
  };
  const fits = (length: number): void => {
    if (to + length > blockBytes) throw new Error("an lz4 block is larger than it may be");
  };
  while (at < block.length) {
    const token = byte();
    const literals = lengthOf(token >> 4);
    fits(literals);
    if (literals > block.length - at) throw new Error("an lz4 block is cut short");
    block.copy(out, to, at, at + literals);
    at += literals;
    to += literals;
    if (at === block.length) break;
    const distance = byte() | (byte() << 8);
    const length = lengthOf(token & 15) + 4;
    if (distance === 0 || distance > to) throw new Error("an lz4 block refers to what is not there");
    fits(length);
    // A match may run into what it writes: then what it wrote first is repeated.
    if (distance >= length) out.copyWithin(to, to - distance, to - distance + length);
    else for (let index = 0; index < length; index++) out[to + index] = out[to + index - distance] ?? 0;
    to += length;
  }
  return out.subarray(0, to);
}
