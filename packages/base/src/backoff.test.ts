import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

const backoff = { firstMs: 100, maxMs: 1_000 };
const longest = 1 - Number.EPSILON;

describe("backing off", () => {
  it("does not pause before the first try", () => {
    expect(backoffMs(backoff, 0, 0.5)).toBe(0);
  });

  it("doubles the pause until it is at its longest", () => {
    expect([1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(backoff, attempt, longest))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it("grows by another factor when given one", () => {
    expect([1, 2, 3].map((attempt) => backoffMs({ ...backoff, factor: 3 }, attempt, longest))).toEqual([
      100, 300, 900,
    ]);
    expect(backoffMs({ ...backoff, factor: 1 }, 50, longest)).toBe(100);
  });

  it("spreads each pause over its upper half, whatever the numbers", () => {
    const times = fc.integer({ min: 0, max: 86_400_000 });
    fc.assert(
      fc.property(
        times,
        times,
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: longest, noNaN: true }),
        (firstMs, maxMs, attempt, random) => {
          const full = backoffMs({ firstMs, maxMs }, attempt, longest);
          const pause = backoffMs({ firstMs, maxMs }, attempt, random);
          expect(pause).toBeGreaterThanOrEqual(Math.floor(full / 2));
          expect(pause).toBeLessThanOrEqual(full);
          expect(full).toBeLessThanOrEqual(maxMs);
        },
      ),
    );
  });
});
