import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { canBeEntered, unpackKernel } from "./unpack-kernel.ts";

/** An ELF file with one note, which is all that is looked at. */
function elf({ name = "Xen\0", type = 18 } = {}): Buffer {
  const note = Buffer.alloc(12 + 4 + 4);
  note.writeUInt32LE(name.length, 0);
  note.writeUInt32LE(4, 4);
  note.writeUInt32LE(type, 8);
  note.write(name, 12, "latin1");
  const file = Buffer.alloc(64 + 56);
  file.write("\x7fELF\x02\x01\x01", "latin1");
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(4, 64);
  file.writeBigUInt64LE(120n, 64 + 8);
  file.writeBigUInt64LE(BigInt(note.length), 64 + 32);
  return Buffer.concat([file, note]);
}

/** A bzImage of four sectors of setup, whose payload begins 256 bytes behind them. */
function bzImage(payload: Buffer, version = 0x020f): Buffer {
  const image = Buffer.alloc(5 * 512 + 256 + payload.length);
  image.writeUInt8(4, 0x1f1);
  image.write("HdrS", 0x202);
  image.writeUInt16LE(version, 0x206);
  image.writeUInt32LE(256, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, 5 * 512 + 256);
  return image;
}

const length = Buffer.alloc(4);

const unpacked = async (image: Buffer): Promise<Buffer | undefined> => {
  const pieces = unpackKernel(image);
  return pieces && Buffer.concat(await Array.fromAsync(pieces));
};

const enters = (file: Buffer) => canBeEntered(async (at, bytes) => file.subarray(at, at + bytes));

describe("the kernel inside of a bzImage", () => {
  it("is unpacked, whatever it was packed with", async () => {
    expect(await unpacked(bzImage(gzipSync(elf())))).toEqual(elf());
    expect(await unpacked(bzImage(Buffer.concat([zstdCompressSync(elf()), length])))).toEqual(elf());
  });

  it("is left where this cannot unpack it", async () => {
    expect(await unpacked(bzImage(Buffer.from("\xfd7zXZ\0 something", "latin1")))).toBeUndefined();
    expect(await unpacked(bzImage(gzipSync(elf()), 0x0207))).toBeUndefined();
    expect(await unpacked(bzImage(gzipSync(elf())).subarray(0, 2_830))).toBeUndefined();
    expect(await unpacked(Buffer.from("no kernel at all"))).toBeUndefined();
    await expect(unpacked(bzImage(gzipSync(elf()).subarray(0, 20)))).rejects.toThrow(
      "unexpected end of file",
    );
  });

  it("tells by a note of Xen's where it is entered", async () => {
    expect(await enters(elf())).toBe(true);
    expect(await enters(elf({ name: "GNU\0" }))).toBe(false);
    expect(await enters(elf({ type: 1 }))).toBe(false);
    expect(await enters(elf().subarray(0, 100))).toBe(false);
    expect(await enters(Buffer.alloc(0))).toBe(false);
  });
});
