import { getEventListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { Problem } from "./problem.ts";
import { withTimeLimit } from "./time-limit.ts";

const tooLate = () => new Problem("timed_out", "it took too long", "try again");

/** What came of it, without having to await it. */
function watch(work: Promise<unknown>): { now: unknown } {
  const seen: { now: unknown } = { now: "pending" };
  work.then(
    (value) => (seen.now = value),
    (error: unknown) => (seen.now = error),
  );
  return seen;
}

describe("a time limit", () => {
  it("returns what the work returns, and leaves no timer", async () => {
    const clock = new FakeClock();
    expect(await withTimeLimit(clock, 1_000, undefined, tooLate, async () => "done")).toBe("done");
    expect(clock.sleeping).toBe(0);
  });

  it("throws what the work throws, and leaves no timer", async () => {
    const clock = new FakeClock();
    const failing = withTimeLimit(clock, 1_000, undefined, tooLate, async () =>
      Promise.reject(new Error("no")),
    );
    await expect(failing).rejects.toThrow("no");
    expect(clock.sleeping).toBe(0);
  });

  it("aborts the work when the time is up, and not before, with what the caller wants thrown", async () => {
    const clock = new FakeClock();
    let signal: AbortSignal | undefined;
    const seen = watch(
      withTimeLimit(clock, 1_000, undefined, tooLate, (given) => {
        signal = given;
        return clock.sleep(5_000, given);
      }),
    );
    await clock.advance(999);
    expect([seen.now, signal?.aborted]).toEqual(["pending", false]);
    await clock.advance(1);
    expect(seen.now).toMatchObject({ code: "timed_out" });
    expect(signal?.reason).toBe(seen.now);
    expect(clock.sleeping).toBe(0);
  });

  it("does not wait for work that ignores its signal, or that fails later", async () => {
    const clock = new FakeClock();
    const stubborn = async () => {
      await clock.sleep(5_000);
      throw new Error("too late to matter");
    };
    const seen = watch(withTimeLimit(clock, 1_000, undefined, tooLate, stubborn));
    await clock.advance(1_000);
    expect(seen.now).toMatchObject({ code: "timed_out" });
    await clock.advance(5_000);
  });

  it("rethrows the caller's reason when the caller aborts first", async () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    const seen = watch(
      withTimeLimit(clock, 1_000, caller.signal, tooLate, (signal) => clock.sleep(5_000, signal)),
    );
    await clock.advance(500);
    caller.abort("enough");
    await clock.advance(0);
    expect(seen.now).toBe("enough");
    expect(clock.sleeping).toBe(0);
  });

  it("does not begin what was aborted before", async () => {
    const clock = new FakeClock();
    let begun = false;
    const seen = watch(
      withTimeLimit(clock, 1_000, AbortSignal.abort("enough"), tooLate, async () => {
        begun = true;
      }),
    );
    await clock.advance(0);
    expect([seen.now, begun, clock.sleeping]).toEqual(["enough", false, 0]);
  });

  it("leaves no listener on a caller's signal that outlives many calls", async () => {
    const { signal } = new AbortController();
    for (let call = 0; call < 20; call++)
      await withTimeLimit(new FakeClock(), 1_000, signal, tooLate, async () => {});
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("keeps nothing of a call alive under a caller's signal that outlives many", async () => {
    const { signal } = new AbortController();
    const given: WeakRef<AbortSignal>[] = [];
    for (let call = 0; call < 20; call++)
      await withTimeLimit(new FakeClock(), 1_000, signal, tooLate, async (limited) => {
        given.push(new WeakRef(limited));
      });
    // A WeakRef holds on to its target until the turn that made it is over.
    await setImmediate();
    collectGarbage();
    // The last one may still lie in a register.
    expect(given.filter((each) => each.deref() !== undefined).length).toBeLessThan(2);
  });
});

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const gc: () => void = runInNewContext("gc");
  gc();
}
