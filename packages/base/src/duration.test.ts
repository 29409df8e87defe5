import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDuration, printDuration } from "./duration.ts";

describe("a duration", () => {
  it.each([
    ["0s", 0],
    ["250ms", 250],
    ["10s", 10_000],
    ["1.5s", 1_500],
    ["1m30s", 90_000],
    ["2h", 7_200_000],
    ["1d12h", 129_600_000],
    ["0.001s", 1],
    ["90s", 90_000],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    "10",
    "s",
    "-1s",
    "1 s",
    "1S",
    "1w",
    "1.s",
    ".5s",
    "1,5s",
    "10s ",
    "1e3s",
    "NaNs",
    "1s2",
    "٣s",
    "1.2345s",
  ])("is not %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it("is not what no number can count in milliseconds", () => {
    expect(parseDuration("999999999d")).toBeUndefined();
    expect(parseDuration("9999999999s")).toBeUndefined();
  });

  it.each([
    [0, "0s"],
    [1, "1ms"],
    [90_000, "1m30s"],
    [86_400_000, "1d"],
    [90_061_001, "1d1h1m1s1ms"],
    [1.4, "1ms"],
    [-5, "0s"],
  ])("prints %d", (ms, text) => {
    expect(printDuration(ms)).toBe(text);
  });

  it("is printed as it is read, whatever it is", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (ms) => {
        expect(parseDuration(printDuration(ms))).toBe(ms);
      }),
    );
  });

  it("is a whole number of milliseconds or nothing, whatever is read", () => {
    const likely = fc.stringMatching(/^(\d{1,12}(\.\d{1,4})?(ms|s|m|h|d|w)){1,4}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), likely), (text) => {
        const ms = parseDuration(text);
        if (ms === undefined) return;
        expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
        expect(parseDuration(printDuration(ms))).toBe(ms);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is told from ten megabytes of digits at once", () => {
    const start = performance.now();
    expect(parseDuration("1".repeat(10_000_000))).toBeUndefined();
    expect(parseDuration(`${"1s".repeat(1_000_000)}x`)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
