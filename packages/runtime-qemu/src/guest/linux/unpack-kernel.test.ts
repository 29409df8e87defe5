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

describe("the kernel inside of a bzImage", () => {
  it("is unpacked, whatever it was packed with", async () => {
    expect(await unpackKernel(bzImage(gzipSync(elf())))).toEqual(elf());
    expect(await unpackKernel(bzImage(Buffer.concat([zstdCompressSync(elf()), length])))).toEqual(elf());
  });

  it("is not used where QEMU cannot enter it, or it cannot be unpacked here", async () => {
    expect(await unpackKernel(bzImage(gzipSync(elf({ type: 1 }))))).toBeUndefined();
    expect(await unpackKernel(bzImage(gzipSync(Buffer.from("no program"))))).toBeUndefined();
    expect(await unpackKernel(bzImage(Buffer.from("\xfd7zXZ\0 something", "latin1")))).toBeUndefined();
    expect(await unpackKernel(bzImage(gzipSync(elf()).subarray(0, 20)))).toBeUndefined();
    expect(await unpackKernel(bzImage(gzipSync(elf()), 0x0207))).toBeUndefined();
    expect(await unpackKernel(bzImage(gzipSync(elf())).subarray(0, 2_830))).toBeUndefined();
    expect(await unpackKernel(Buffer.from("no kernel at all"))).toBeUndefined();
  });

  it("tells by a note of Xen's where it is entered", () => {
    expect(canBeEntered(elf())).toBe(true);
    expect(canBeEntered(elf({ name: "GNU\0" }))).toBe(false);
    expect(canBeEntered(elf().subarray(0, 100))).toBe(false);
    expect(canBeEntered(Buffer.alloc(0))).toBe(false);
  });
});
