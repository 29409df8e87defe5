import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { decodeLz4Legacy, lz4LegacyMagic } from "./lz4.ts";

const largest = 512 * 1024 * 1024;

/**
 * The kernel that a bzImage holds packed, if QEMU can enter that directly; else undefined, and the bzImage must do. Unpacked by
 * the guest it takes a quarter of the whole boot without KVM. Entered like this it stays where it was linked to lie: its
 * addresses are not shuffled (KASLR).
 */
export async function unpackKernel(bzImage: Buffer): Promise<Buffer | undefined> {
  const payload = payloadOf(bzImage);
  const elf = payload && (await unpack(payload).catch(() => undefined));
  return elf && canBeEntered(elf) ? elf : undefined;
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

/** Behind what it packs by itself, the kernel's build writes its unpacked length, in four bytes. */
async function unpack(payload: Buffer): Promise<Buffer | undefined> {
  const withoutLength = payload.subarray(0, -4);
  const options = { maxOutputLength: largest };
  const magic = payload.readUInt32LE(0);
  if (magic === lz4LegacyMagic) return decodeLz4Legacy(withoutLength, largest);
  if (magic === 0xfd2fb528) return promisify(zstdDecompress)(withoutLength, options);
  if ((magic & 0xffff) === 0x8b1f) return promisify(gunzip)(payload, options);
  return undefined;
}

/** Of the note by which a kernel tells where it is entered in 32-bit mode: XEN_ELFNOTE_PHYS32_ENTRY of "Xen". */
const entryNote = 18;

/** Whether an ELF file has such a note: then any machine model can enter it as a Xen PVH guest is entered. */
export function canBeEntered(elf: Buffer): boolean {
  const isElf64 = elf.length > 64 && elf.readUInt32BE(0) === 0x7f454c46 && elf[4] === 2 && elf[5] === 1;
  if (!isElf64) return false;
  const headersAt = Number(elf.readBigUInt64LE(32));
  const [size, count] = [elf.readUInt16LE(54), elf.readUInt16LE(56)];
  for (let index = 0; index < count; index++) {
    const at = headersAt + index * size;
    if (at + 56 > elf.length) return false;
    const isNotes = elf.readUInt32LE(at) === 4;
    const begin = Number(elf.readBigUInt64LE(at + 8));
    const length = Number(elf.readBigUInt64LE(at + 32));
    if (isNotes && hasEntryNote(elf.subarray(begin, begin + length))) return true;
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
