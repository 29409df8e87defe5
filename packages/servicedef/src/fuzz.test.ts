import { isProblem } from "@mcp/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { definitions } from "../test/arbitrary.ts";
import { parseDefinition } from "./parse.ts";
import { printDefinition } from "./print.ts";
import { exampleDefinition } from "./reference.ts";

const limitMs = 2_000;

/** Parsing ends quickly, in a definition that stays the same when printed, or in a problem that can be shown. */
function expectTidy(text: string): void {
  const start = performance.now();
  try {
    const definition = parseDefinition(text, { file: "fuzz.toml" });
    expect(parseDefinition(printDefinition(definition), { file: "printed.toml" })).toStrictEqual(definition);
  } catch (thrown) {
    if (!isProblem(thrown)) throw thrown;
    expect(thrown.code).toBe("definition_invalid");
    expect(thrown.mistakes.length).toBeGreaterThan(0);
    const lines = text.split("\n").length;
    for (const { key, line, message } of thrown.mistakes) {
      expect(`${key}${message}`).toMatch(/^[ -~…→]+$/);
      if (line !== undefined) expect(line).toBeGreaterThan(0);
      if (line !== undefined) expect(line).toBeLessThanOrEqual(lines);
    }
  }
  expect(performance.now() - start).toBeLessThan(limitMs);
}

/** Pieces that mean something in TOML or in a definition. */
const pieces = fc.constantFrom(
  ...[
    '"',
    "'",
    '"""',
    "'''",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "#",
    "\n",
    "\r\n",
    "\\",
    "\\u0000",
    " ",
  ],
  ...[
    "name",
    "components",
    "[[components]]",
    "health",
    "env",
    "routes",
    "__proto__",
    "constructor",
    "ports",
    "true",
  ],
  ...[
    "0",
    "-1",
    "1e9",
    "nan",
    "inf",
    "0x1F",
    "1979-05-27",
    '"80:80"',
    '"../x"',
    "\0",
    "\ud800",
    "é",
    "\u202e",
  ],
);

describe("parseDefinition, with hostile input", () => {
  it("survives random text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), expectTidy), { numRuns: 2_000 });
  });

  it("survives random pieces of definitions", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (list) => expectTidy(list.join(""))),
      { numRuns: 3_000 },
    );
  });

  it("survives a definition with a few pieces put in or taken out", () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 12 }), pieces);
    const texts = fc.oneof(fc.constant(exampleDefinition), definitions.map(printDefinition));
    fc.assert(
      fc.property(texts, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        expectTidy(
          changes.reduce((now, [at, cut, put]) => {
            const from = at % (now.length + 1);
            return now.slice(0, from) + put + now.slice(from + cut);
          }, text),
        );
      }),
      { numRuns: 3_000 },
    );
  });

  it("survives a definition with its lines in another order, and some of them twice", () => {
    const shuffled = definitions.chain((definition) =>
      fc.array(fc.constantFrom(...printDefinition(definition).split("\n")), { maxLength: 60 }),
    );
    fc.assert(
      fc.property(shuffled, (lines) => expectTidy(lines.join("\n"))),
      { numRuns: 1_000 },
    );
  });
});
