import fc from "fast-check";
import { expect, it } from "vitest";
import { characterName, quoted } from "./quoted.ts";

it("shows ordinary text as it is", () => {
  expect(quoted("hello, world")).toBe('"hello, world"');
});

it("escapes what could break a line, drive a terminal or look like something else", () => {
  expect(quoted('a"b\\c\n\r\t')).toBe('"a\\"b\\\\c\\n\\r\\t"');
  expect(quoted("\u001b[2J")).toBe('"\\u{1b}[2J"');
  expect(quoted("h\u0435llo 🙂")).toBe('"h\\u{435}llo \\u{1f642}"');
});

it("cuts what is too long, but never through a character", () => {
  expect(quoted("x".repeat(1_000_000))).toBe(`"${"x".repeat(60)}…"`);
  expect(quoted(`${"x".repeat(59)}🙂`)).toBe(`"${"x".repeat(59)}…"`);
});

it("gives plain ASCII on one line, whatever comes in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) =>
      /^"[ -~]*"$/.test(quoted(text).replace("…", "")),
    ),
  );
});

it("names a character that cannot be told from another by its code", () => {
  expect(["_", " ", "é", "\n", "🙂"].map(characterName)).toEqual([
    '"_"',
    "U+0020",
    "U+00E9",
    "U+000A",
    "U+1F642",
  ]);
});
