import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { limiter } from "./limit.ts";

describe("a limiter", () => {
  it("lets so many run at a time, first come first served, whatever their length", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat({ max: 20 }), { maxLength: 20 }),
        async (width, lengths) => {
          const [clock, limit] = [new FakeClock(), limiter(width)];
          const begun: number[] = [];
          let [running, most] = [0, 0];
          const all = lengths.map((ms, index) =>
            limit(async () => {
              begun.push(index);
              most = Math.max(most, ++running);
              await clock.sleep(ms);
              running--;
              return index;
            }),
          );
          await clock.advance(20 * 20);
          expect(await Promise.all(all)).toEqual(lengths.map((_, index) => index));
          expect(begun).toEqual(lengths.map((_, index) => index));
          expect(most).toBe(Math.min(width, lengths.length));
        },
      ),
    );
  });

  it("hands on the place of one that failed", async () => {
    const limit = limiter(1);
    const failing = limit(async () => Promise.reject(new Error("no")));
    const next = limit(async () => "yes");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("yes");
    expect(await limit(async () => "and again")).toBe("and again");
  });

  it("hands a place to who waits longest, not to who comes just then", async () => {
    const limit = limiter(1);
    const order: string[] = [];
    const first = limit(async () => {});
    const waiting = limit(async () => order.push("waited"));
    await first;
    const late = limit(async () => order.push("came late"));
    await Promise.all([waiting, late]);
    expect(order).toEqual(["waited", "came late"]);
  });
});
