import fc from "fast-check";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { locate } from "./locate.ts";
import type { Path } from "./place.ts";

/** `§` becomes the number of the line that it stands on. */
const numbered = (toml: string): string =>
  toml
    .split("\n")
    .map((line, index) => line.replaceAll("§", String(index + 1)))
    .join("\n");

/** Every path to a number in a parsed text, and the number. */
function* numbers(value: unknown, path: Path = []): Generator<[Path, number]> {
  if (typeof value === "number") yield [path, value];
  else if (Array.isArray(value))
    for (const [index, each] of value.entries()) yield* numbers(each, [...path, index]);
  else if (typeof value === "object" && value !== null && !(value instanceof Date))
    for (const [key, each] of Object.entries(value)) yield* numbers(each, [...path, key]);
}

/** Each number of the text is found on its own line; `count` of them, so that none is missed. */
function expectLines(count: number, ...lines: string[]): void {
  const toml = numbered(lines.join("\n"));
  const lineOf = locate(toml);
  const found = [...numbers(parse(toml))];
  expect(found).toHaveLength(count);
  expect(found.map(([path]) => [path.join(" "), lineOf(path)])).toEqual(
    found.map(([path, line]) => [path.join(" "), line]),
  );
}

describe("locate", () => {
  it("finds keys below headers, also of lists and within them", () => {
    expectLines(
      9,
      ...[
        "a = §",
        "[b]",
        "a = § # [x]",
        "[b.c]",
        "a = §",
        "[[d]]",
        "a = §",
        "[d.e]",
        "a = §",
        "[[d.f]]",
        "a = §",
      ],
      ...["[[d.f]]", "a = §", "[[d]]", "[[ d . f ]]", "a = §", "[d.e]", "a = §"],
    );
  });

  it("finds dotted and quoted keys, inline tables and lists", () => {
    expectLines(
      13,
      "a.b . c = §",
      "\"q u.o=t#e\".'s]' = §",
      '"\\u0065\\n" = §',
      "t = { x = §, y.z = §, l = [§, [§, { m = § }]], n = {} }",
      "l = [",
      "  §, # 99 ]",
      "  { x = § }, [§,",
      "  §], [],",
      "]",
      "z = §",
    );
  });

  it("is not misled by strings, comments, dates or line ends", () => {
    expectLines(
      11,
      'a = """',
      "b = 99",
      '[c] \\""" " ""',
      '"""""',
      "b = §",
      "d = '''",
      "[x] ' '' \\",
      "''''",
      "e = § # '''",
      "f = 1979-05-27 07:32:00 # g = 99",
      "g = §",
      'h = "# \\" [" # "',
      "i = §\r",
      "j = 'C:\\'\r",
      "k = §\r",
      'l = ["]", "#", \'"\', """',
      '""", §]',
      "m = +§",
      "n = [07:32:00, §] # ]",
      'o = ""',
      "p = ''",
      "q = §",
      'r = """"""',
      "s = §",
      "\tt = §",
    );
  });

  it("skips a byte order mark", () => {
    expectLines(2, "\ufeffa = §", "b = §");
  });

  it("gives a missing key the line of its table, and nothing to what has none", () => {
    const lineOf = locate("a = 1\n\n[[c]]\n\n[[c]]\nx = 1\n");
    expect(lineOf(["c", 1, "name"])).toBe(5);
    expect(lineOf(["c", 1, "x", "y"])).toBe(6);
    expect(lineOf(["c"])).toBe(3);
    expect(lineOf(["nothing"])).toBeUndefined();
    expect(lineOf([])).toBeUndefined();
  });

  it("gives a table the line of its own header, also when a part of it came first", () => {
    const lineOf = locate("[a.b]\nx = 1\n[a]\ny = 1");
    expect(lineOf(["a"])).toBe(3);
    expect(lineOf(["a", "b"])).toBe(1);
  });

  it("is right for random texts, as the parser reads them", () => {
    fc.assert(
      fc.property(documents, (toml) => {
        const lineOf = locate(toml);
        for (const [path, line] of numbers(parse(toml))) expect(lineOf(path), path.join(" ")).toBe(line);
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Random lines; each `@` becomes a key of its own. */
const lines = fc.constantFrom(
  ...["@ = §", "@.b.c = §", "'@ ]' = § # = 5", "@ = { x = §, y = { z = [§] }, 'w' = \"}\" }"],
  ...[
    "@ = [§, [§], '''\n''', §]",
    '@ = [\n§, # ]\n  "]", {b = §}\n]',
    '@ = """\n\\"""\n[x]\n""""',
    "@ = '''\nx = 99'''",
  ],
  ...[
    "",
    '# comment [a] "',
    "[@]",
    "[[t]]",
    "[[t]] # comment",
    "[[ t.'u v' ]]",
    "[t.@]",
    "[@.k]\r",
    "@ = 12:30:00",
  ],
);
const documents = fc.array(lines, { maxLength: 20 }).map((list) => {
  let key = 0;
  return numbered(["[[t]]", ...list, ""].join("\n").replaceAll("@", () => `k${key++}`));
});
