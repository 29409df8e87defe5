import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterCheck,
  firstHealth,
  type HealthRecord,
  type HealthRules,
  healthLimitMs,
  nextCheckInMs,
  toldHealth,
} from "./health.ts";

const rules: HealthRules = { intervalMs: 10_000, timeoutMs: 3_000, retries: 3, startPeriodMs: 5_000 };
const at = (ms: number) => ({ nowMs: 1_000_000 + ms, monotonicMs: ms, runsSinceMs: 0 });
const passed = { passed: true, text: "GET / answered 200" };
const failed = { passed: false, text: "GET / was refused" };

/** One check after another, each `everyMs` after the one before. */
const checked = (results: string, everyMs: number, isPresumedUp = false): HealthRecord =>
  [...results].reduce(
    (record, result, index) =>
      afterCheck(record, result === "+" ? passed : failed, rules, at(index * everyMs)),
    firstHealth(at(0), isPresumedUp),
  );

describe("the health of what starts", () => {
  it("is healthy with the first check that passes, and says what that met", () => {
    expect(toldHealth(checked("---+", 100))).toEqual({
      state: "healthy",
      sinceMs: 1_000_300,
      text: "GET / answered 200",
      hasPassed: true,
    });
  });

  it("is not told before anybody has asked", () => {
    expect(toldHealth(firstHealth(at(0), false))).toBeUndefined();
  });

  it("does not suffer from failures within its start period, however many", () => {
    expect(checked("-".repeat(50), 99)).toMatchObject({ state: "starting", failures: 0, text: failed.text });
  });

  it("is unhealthy once as many have failed after it as there are retries", () => {
    expect(checked("-", 10_000).state).toBe("starting");
    // At 0, 10, 20 and 30 s: the first is within the start period.
    expect(checked("---", 10_000)).toMatchObject({ state: "starting", failures: 2 });
    expect(checked("----", 10_000)).toMatchObject({ state: "unhealthy", failures: 3, sinceMs: 1_030_000 });
  });

  it("does not use its retries up by being asked quickly", () => {
    // For 15 s, ten times a second: after the start period only one counts per interval.
    expect(checked("-".repeat(150), 100)).toMatchObject({ state: "starting", failures: 1 });
  });
});

describe("the health of what was healthy", () => {
  it("stays until as many checks in a row have failed as there are retries", () => {
    expect(checked("+--", 10_000)).toMatchObject({ state: "healthy", sinceMs: 1_000_000, failures: 2 });
    expect(checked("+--+--", 10_000).state).toBe("healthy");
    expect(checked("+---", 10_000).state).toBe("unhealthy");
  });

  it("counts failures within the start period as well", () => {
    expect(checked("+---", 100).state).toBe("unhealthy");
  });

  it("comes back with one check that passes", () => {
    expect(checked("+-----+", 10_000)).toMatchObject({ state: "healthy", failures: 0, sinceMs: 1_060_000 });
  });
});

describe("what ran long before it was asked", () => {
  it("is not said to be starting or unhealthy before its checks say so", () => {
    expect(toldHealth(firstHealth(at(0), true))).toBeUndefined();
    expect(toldHealth(checked("--", 10_000, true))).toBeUndefined();
    expect(toldHealth(checked("---", 10_000, true))?.state).toBe("unhealthy");
    expect(toldHealth(checked("+", 10_000, true))?.state).toBe("healthy");
  });
});

describe("the next check", () => {
  const pauses = (results: string, isPresumedUp = false): number[] =>
    [...results].map((_, index) =>
      nextCheckInMs(checked(results.slice(0, index), 100, isPresumedUp), rules, 0.5),
    );

  it("comes at once, then soon, then less and less soon while it starts, and at most 2 s later", () => {
    expect(pauses("-".repeat(11))).toEqual([0, 100, 150, 225, 338, 506, 759, 1_139, 1_709, 2_000, 2_000]);
  });

  it("is never later than the interval", () => {
    expect(nextCheckInMs(checked("-----", 10), { ...rules, intervalMs: 200 }, 0.9)).toBe(200);
  });

  it("comes after the interval, a little spread, once that is over", () => {
    const healthy = checked("+", 100);
    expect([0, 0.5, 0.999_999].map((random) => nextCheckInMs(healthy, rules, random))).toEqual([
      9_000, 10_000, 11_000,
    ]);
    expect(pauses("--", true)).toEqual([0, 10_000]);
  });
});

describe("whatever the checks say", () => {
  const results = fc.array(fc.boolean(), { maxLength: 60 });
  const anyRules = fc.record({
    intervalMs: fc.integer({ min: 100, max: 20_000 }),
    timeoutMs: fc.integer({ min: 10, max: 5_000 }),
    retries: fc.integer({ min: 1, max: 5 }),
    startPeriodMs: fc.integer({ min: 0, max: 20_000 }),
  });

  it("it is healthy after a pass, and unhealthy only after that many failures in a row", () => {
    fc.assert(
      fc.property(results, anyRules, fc.boolean(), (all, some, isPresumedUp) => {
        let record = firstHealth(at(0), isPresumedUp);
        let inARow = 0;
        let ms = 0;
        for (const ok of all) {
          ms += nextCheckInMs(record, some, 0.5);
          record = afterCheck(record, ok ? passed : failed, some, at(ms));
          inARow = ok ? 0 : inARow + 1;
          if (ok) expect(record.state).toBe("healthy");
          if (record.state === "unhealthy") expect(inARow).toBeGreaterThanOrEqual(some.retries);
          expect(record.failures).toBeLessThanOrEqual(Math.min(inARow, some.retries));
        }
      }),
    );
  });

  it("one that always fails, and answers at once, is unhealthy before its time limit", () => {
    fc.assert(
      fc.property(anyRules, (some) => {
        let record = firstHealth(at(0), false);
        let ms = 0;
        // The pauses of a start may come a little after the interval that they wait for.
        const limitMs = healthLimitMs({ ...some, timeoutMs: 2_000 });
        while (record.state !== "unhealthy" && ms <= limitMs) {
          ms += nextCheckInMs(record, some, 0.5);
          record = afterCheck(record, failed, some, at(ms));
        }
        expect(record.state).toBe("unhealthy");
      }),
    );
  });
});
