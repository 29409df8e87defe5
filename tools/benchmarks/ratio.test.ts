import { describe, expect, it } from "vitest";
import { median, ratio } from "./ratio.ts";

describe("a ratio", () => {
  it("takes turns, leaves the first pair out, and is the median of the pairs' own ratios", async () => {
    const turns: string[] = [];
    const each = (name: string, times: number[]) => async () => {
      turns.push(name);
      return times.shift() ?? 0;
    };
    const found = await ratio(each("a", [900, 20, 30, 80]), each("b", [1, 10, 10, 20]), 3);
    expect(turns.join("")).toBe("abababab");
    expect(found).toEqual({ ratio: 3, oursMs: 30, theirsMs: 10 });
  });
});

describe("a median", () => {
  it("is the middle, or between the two in the middle", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 9, 2])).toBe(3);
  });
});
