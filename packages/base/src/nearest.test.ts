import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "./nearest.ts";

const keys = ["name", "image", "ports", "volumes", "depends_on", "restart", "runtime", "env", "env_from"];

describe("the nearest word", () => {
  it.each([
    ["imgae", "image"],
    ["nmae", "name"],
    ["prots", "ports"],
    ["port", "ports"],
    ["volume", "volumes"],
    ["dependson", "depends_on"],
    ["Image", "image"],
    ["restrat", "restart"],
    ["evn", "env"],
    ["env_form", "env_from"],
  ])("to %s is %s", (typed, meant) => {
    expect(nearest(typed, keys)).toBe(meant);
  });

  it.each(["", "xyz", "healthcheck", "im", "runtimes_and_more"])("to %j is none", (typed) => {
    expect(nearest(typed, keys)).toBeUndefined();
  });

  it("is the closer of two", () => {
    expect(nearest("restarts", ["restrict", "restart"])).toBe("restart");
    expect(nearest("ports", ["port", "ports"])).toBe("ports");
  });

  it("is none where none is known", () => {
    expect(nearest("name", [])).toBeUndefined();
  });

  it("is a word itself, and a word with two neighbours swapped is meant as that word", () => {
    const word = fc.stringMatching(/^[a-z]{4,12}$/);
    fc.assert(
      fc.property(word, fc.nat(), (text, seed) => {
        expect(nearest(text, [text])).toBe(text);
        const at = seed % (text.length - 1);
        const typed = `${text.slice(0, at)}${text[at + 1]}${text[at]}${text.slice(at + 2)}`;
        expect(nearest(typed, [text])).toBe(text);
      }),
    );
  });

  it("is found at once, however long the word that was typed", () => {
    const start = performance.now();
    expect(nearest("x".repeat(10_000_000), keys)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
