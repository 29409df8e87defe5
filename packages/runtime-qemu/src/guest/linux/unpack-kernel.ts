import { Readable } from "node:stream";
import zlib from "node:zlib";
import { lz4LegacyBlocks, lz4LegacyMagic } from "./lz4.ts";

const largest = 512 * 1024 * 1024;

/**
 * The kernel that a bzImage holds packed, in pieces, since it is large; undefined where it cannot be unpacked here. Unpacked by
 * the guest it takes a quarter of the whole boot without KVM.
 *
 * @throws Error, while it is read, where the packed kernel is damaged.
 */
export function unpackKernel(bzImage: Buffer): Iterable<Buffer> | AsyncIterable<Buffer> | undefined {
  const payload = payloadOf(bzImage);
  if (!payload) return undefined;
  // Behind what it packs by itself, the kernel's build writes its unpacked length, in four bytes.
  const withoutLength = payload.subarray(0, -4);
  const magic = payload.readUInt32LE(0);
  if (magic === lz4LegacyMagic) return lz4LegacyBlocks(withoutLength, largest);
  if (magic === 0xfd2fb528 && zlib.createZstdDecompress)
    return Readable.from([withoutLength]).pipe(zlib.createZstdDecompress());
  if ((magic & 0xffff) === 0x8b1f) return Readable.from([payload]).pipe(zlib.createGunzip());
  return undefined;
}

/**
 * The packed part, which its header tells of since version 2.08 of the boot protocol (Documentation/arch/x86/boot.rst:
 * `setup_sects`, `header`, `version`, `payload_offset`, `payload_length`).
 */
function payloadOf(image: Buffer): Buffer | undefined {
  if (image.length < 0x250 || image.toString("latin1", 0x202, 0x206) !== "HdrS") return undefined;
  if (image.readUInt16LE(0x206) < 0x0208) return undefined;
  const sectors = image.readUInt8(0x1f1) || 4;
  const begin = (sectors + 1) * 512 + image.readUInt32LE(0x248);
  const end = begin + image.readUInt32LE(0x24c);
  return end <= image.length && end - begin > 8 ? image.subarray(begin, end) : undefined;
}

/** Of the note by which a kernel tells where it is entered in 32-bit mode: XEN_ELFNOTE_PHYS32_ENTRY of "Xen". */
const entryNote = 18;

/** The headers of a kernel lie in its first page. */
const headerBytes = 4_096;

/**
 * Whether an ELF file has such a note: then any machine model can enter it as a Xen PVH guest is entered. Entered like
 * this it stays where it was linked to lie: its addresses are not shuffled (KASLR).
 *
 * @param read  gives at most so many bytes of it, from an offset on.
 */
export async function canBeEntered(read: (at: number, bytes: number) => Promise<Buffer>): Promise<boolean> {
  const header = await read(0, headerBytes);
  const isElf64 =
    header.length > 64 && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1;
  if (!isElf64) return false;
  const headersAt = Number(header.readBigUInt64LE(32));
  const [size, count] = [header.readUInt16LE(54), header.readUInt16LE(56)];
  for (let index = 0; index < count; index++) {
    const at = headersAt + index * size;
    if (at + 56 > header.length) return false;
    const isNotes = header.readUInt32LE(at) === 4;
    const begin = Number(header.readBigUInt64LE(at + 8));
    const length = Math.min(Number(header.readBigUInt64LE(at + 32)), 64 * 1024);
    if (isNotes && hasEntryNote(await read(begin, length))) return true;
  }
  return false;
}

function hasEntryNote(notes: Buffer): boolean {
  const padded = (length: number): number => (length + 3) & ~3;
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameLength = notes.readUInt32LE(at);
    const valueLength = notes.readUInt32LE(at + 4);
    const name = notes.toString("latin1", at + 12, at + 12 + nameLength);
    if (name === "Xen\0" && notes.readUInt32LE(at + 8) === entryNote) return true;
    at += 12 + padded(nameLength) + padded(valueLength);
  }
  return false;
}
