import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lz4LegacyBlocks, lz4LegacyMagic } from "./lz4.ts";

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const archive = (...blocks: Buffer[]): Buffer =>
  Buffer.concat([u32(lz4LegacyMagic), ...blocks.flatMap((block) => [u32(block.length), block])]);
const decode = (bytes: Buffer, maxBytes = 1 << 20): Buffer =>
  Buffer.concat([...lz4LegacyBlocks(bytes, maxBytes)]);

/** A length as lz4 writes it: four bits, and bytes after them where those are all set. */
const more = (length: number): number[] => {
  if (length < 15) return [];
  return [...Array<number>(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255];
};

/** Literals, then a repetition of what came `distance` bytes before, then literals that end the block. */
const sequence = (before: Buffer, distance: number, repeated: number, after: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from([(Math.min(before.length, 15) << 4) | Math.min(repeated - 4, 15), ...more(before.length)]),
    before,
    Buffer.from([distance & 255, distance >> 8, ...more(repeated - 4)]),
    Buffer.from([Math.min(after.length, 15) << 4, ...more(after.length)]),
    after,
  ]);

describe("an lz4 archive of the legacy format", () => {
  it("gives what its blocks hold, one after the other", () => {
    const text = (value: string) => Buffer.concat([Buffer.from([value.length << 4]), Buffer.from(value)]);
    expect(decode(archive(text("hello, "), text("world"))).toString()).toBe("hello, world");
    expect(decode(archive())).toEqual(Buffer.alloc(0));
  });

  it("repeats what came before, also into what it repeats", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 600 }).map((array) => Buffer.from(array));
    const law = fc.property(
      bytes,
      fc.nat(),
      fc.integer({ min: 4, max: 2_000 }),
      bytes,
      (before, far, repeated, after) => {
        const distance = 1 + (far % before.length);
        const expected = [...before];
        for (let count = 0; count < repeated; count++)
          expected.push(expected[expected.length - distance] ?? 0);
        const decoded = decode(archive(sequence(before, distance, repeated, after)));
        expect(decoded.equals(Buffer.concat([Buffer.from(expected), after]))).toBe(true);
      },
    );
    fc.assert(law);
  });

  it("is refused where it is none, cut short, too large or refers to nothing", () => {
    expect(() => decode(Buffer.from("no archive"))).toThrow("no lz4 archive");
    const whole = archive(sequence(Buffer.from("abcdef"), 3, 40, Buffer.from("xyz")));
    for (let length = 5; length < whole.length; length++)
      if (length > 8)
        expect(() => decode(whole.subarray(0, length)), `of ${length} bytes`).toThrow("cut short");
    expect(() => decode(archive(sequence(Buffer.from("ab"), 3, 4, Buffer.from("x"))))).toThrow("refers to");
    expect(() => decode(whole, 10)).toThrow("larger than 10 bytes");
    const bomb = sequence(Buffer.from("a"), 1, 9 * 1024 * 1024, Buffer.from("x"));
    expect(() => decode(archive(bomb), 1 << 30)).toThrow("larger than it may be");
  });

  it("never fails in another way than it says, whatever it is given", () => {
    const anything = fc.uint8Array({ maxLength: 300 }).map((array) => archive(Buffer.from(array)));
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          expect(decode(bytes).length).toBeLessThanOrEqual(1 << 20);
        } catch (error) {
          expect((error as Error).message).toMatch(/lz4/);
        }
      }),
    );
  });
});
