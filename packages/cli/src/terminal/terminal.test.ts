import { describe, expect, it } from "vitest";
import { age, between, elapsed } from "./age.ts";
import { bytes } from "./bytes.ts";
import { coloured, plain, styleFor } from "./style.ts";
import { aligned, table } from "./table.ts";

describe("colour", () => {
  const tty = { isTTY: true };
  const pipe = {};
  it.each([
    ["on a terminal", tty, {}, coloured],
    ["not off it", pipe, {}, plain],
    ["not on a terminal that cannot", tty, { TERM: "dumb" }, plain],
    ["not with NO_COLOR", tty, { NO_COLOR: "1" }, plain],
    ["with an empty NO_COLOR, as its page says", tty, { NO_COLOR: "" }, coloured],
    ["with FORCE_COLOR, also off a terminal", pipe, { FORCE_COLOR: "1" }, coloured],
    [
      "with FORCE_COLOR, also with NO_COLOR, as node does",
      tty,
      { FORCE_COLOR: "1", NO_COLOR: "1" },
      coloured,
    ],
    ["not with FORCE_COLOR=0", tty, { FORCE_COLOR: "0" }, plain],
  ])("is wanted %s", (_, stream, env, style) => {
    expect(styleFor(stream, env)).toBe(style);
  });

  it("leaves no codes around nothing", () => {
    expect(coloured.red("")).toBe("");
    expect(coloured.red("x")).toBe("\u001b[31mx\u001b[39m");
  });
});

describe("a table", () => {
  it("aligns its columns, marks what is empty, and leaves no space at the ends of lines", () => {
    const rows = [
      ["hello", "", "x"],
      ["a-longer-name", "running", ""],
    ];
    expect(table(["NAME", "STATE", "Z"], rows, plain)).toBe(
      ["NAME           STATE    Z", "hello          -        x", "a-longer-name  running  -"].join("\n"),
    );
  });

  it("is nothing without rows", () => {
    expect(table(["NAME"], [], plain)).toBe("");
  });

  it("measures the text and not its paint", () => {
    const text = table(["A", "B"], [[{ text: "x", paint: coloured.red }, "y"]], plain);
    expect(text).toBe("A  B\n\u001b[31mx\u001b[39m  y");
  });

  it("without a header leaves empty what is empty", () => {
    expect(
      aligned([
        ["a", "", "b"],
        ["long", "x", ""],
      ]),
    ).toBe("a        b\nlong  x");
  });
});

describe("times and sizes", () => {
  const now = Date.UTC(2026, 0, 2);
  it.each([
    [0, "0s"],
    [999, "0s"],
    [-5_000, "0s"],
    [59_999, "59s"],
    [180_000, "3m"],
    [7_200_000, "2h"],
    [400_000_000, "4d"],
  ])("%d ms ago is %s", (ms, text) => {
    expect(age(new Date(now - ms).toISOString(), now)).toBe(text);
  });

  it("an unknown time has no age", () => {
    expect(age(null, now)).toBe("");
    expect(between(null, "2026-01-01T00:00:00Z")).toBeUndefined();
    expect(between("2026-01-01T00:00:00Z", "2026-01-01T00:00:01.250Z")).toBe(1_250);
  });

  it.each([
    [0, "0.0s"],
    [-3, "0.0s"],
    [440, "0.4s"],
    [59_940, "59.9s"],
    [59_960, "1m00s"],
    [125_000, "2m05s"],
  ])("what took %d ms took %s", (ms, text) => {
    expect(elapsed(ms)).toBe(text);
  });

  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1.5 * 1024 ** 3, "1.5 GiB"],
    [250 * 1024 ** 2, "250 MiB"],
  ])("%d bytes are %s", (count, text) => {
    expect(bytes(count)).toBe(text);
  });
});
