import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineReader } from "./line-reader.ts";

describe("lines that arrive in pieces", () => {
  it("are the same however they are cut, also inside a character", () => {
    const line = fc.string({ unit: fc.constantFrom("a", "ü", "漢", "🙂", " ") });
    fc.assert(
      fc.property(fc.array(line), fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const reader = new LineReader(1_000);
        const read: string[] = [];
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value ?? 1;
          read.push(...(reader.push(bytes.subarray(at, at + size)) ?? ["too long"]));
          at += size;
        }
        expect(read).toEqual(lines);
      }),
    );
  });

  it("may not be longer than agreed, whether or not their end has come", () => {
    expect(new LineReader(3).push(Buffer.from("abc\nabc"))).toEqual(["abc"]);
    expect(new LineReader(3).push(Buffer.from("abcd\n"))).toBeUndefined();
    const reader = new LineReader(3);
    expect(reader.push(Buffer.from("ab"))).toEqual([]);
    expect(reader.push(Buffer.from("cd"))).toBeUndefined();
  });
});
