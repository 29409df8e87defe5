import { array, assert, constantFrom, nat, oneof, property, string, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter, type RawLine } from "./line-splitter.ts";

const split = (chunks: readonly Uint8Array[], longest?: number): RawLine[] => {
  const splitter = new LineSplitter(0, longest);
  const lines = chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk)));
  return [...lines, ...[splitter.rest() ?? []].flat()];
};
const texts = (text: string, longest?: number) =>
  split([Buffer.from(text)], longest).map(({ bytes }) => bytes.toString());

/** Bytes in which line ends, carriage returns, NULs and letters of several bytes are common. */
const piece = oneof(
  constantFrom("\n", "\r\n", "\r", "\0", "é", "€", "😀", "a"),
  string({ unit: "grapheme", maxLength: 8 }),
).map((text) => Buffer.from(text));
const bytes = array(
  oneof(
    piece,
    uint8Array({ maxLength: 4 }).map((raw) => Buffer.from(raw)),
  ),
  { maxLength: 40 },
).map((pieces) => Buffer.concat(pieces));

describe("cutting bytes into lines", () => {
  it("takes line ends away, also those of a serial line", () => {
    expect(texts("one\ntwo\r\nthree\r\r\n\nlast")).toEqual(["one", "two", "three", "", "last"]);
  });

  it("says where the next line begins", () => {
    expect(split([Buffer.from("ab\r\ncd")]).map(({ end }) => end)).toEqual([4, 6]);
  });

  it("gives a line that is too long in parts, and cuts no letter in two", () => {
    expect(texts("abcdefgh\n", 4)).toEqual(["abcd", "efgh"]);
    expect(texts("abc€de\n", 4)).toEqual(["abc", "€d", "e"]);
  });

  it("leaves out the hole at the beginning of a file", () => {
    expect(split([Buffer.alloc(5_000), Buffer.from("\0\0text\n")])).toEqual([
      { bytes: Buffer.from("text"), end: 5_007 },
    ]);
  });

  it("finds the same lines whatever the pieces that the bytes come in", () => {
    const same = property(
      bytes,
      array(nat({ max: 30 }), { maxLength: 20 }),
      nat({ max: 12 }),
      (whole, lengths, more) => {
        const chunks: Buffer[] = [];
        let from = 0;
        for (const length of lengths) {
          chunks.push(whole.subarray(from, from + length));
          from += length;
        }
        chunks.push(whole.subarray(from));
        expect(split(chunks, 4 + more)).toEqual(split([whole], 4 + more));
      },
    );
    assert(same, { numRuns: 500 });
  });

  it("finds the same lines again from the end of any of them on", () => {
    const same = property(bytes, nat({ max: 12 }), (whole, more) => {
      const lines = split([whole], 4 + more);
      for (const [index, { end }] of lines.entries()) {
        const splitter = new LineSplitter(end, 4 + more);
        const again = [...splitter.push(whole.subarray(end)), ...[splitter.rest() ?? []].flat()];
        expect(again).toEqual(lines.slice(index + 1));
      }
    });
    assert(same, { numRuns: 300 });
  });

  it("loses nothing but line ends and holes", () => {
    const kept = property(bytes, (whole) => {
      const text = Buffer.concat(split([whole], 6).map(({ bytes: line }) => line)).toString("latin1");
      const bare = (of: string) => of.replace(/[\n\r\0]/g, "");
      expect(bare(text)).toBe(bare(whole.toString("latin1")));
    });
    assert(kept, { numRuns: 300 });
  });
});
