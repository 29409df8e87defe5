import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { realClock } from "./clock.ts";

describe("the real clock", () => {
  it("sleeps for as long as it was asked to", async () => {
    const start = realClock.monotonic();
    await realClock.sleep(30);
    expect(realClock.monotonic() - start).toBeGreaterThanOrEqual(28);
  });

  it("wakes at once with the reason when aborted", async () => {
    const controller = new AbortController();
    const sleeping = realClock.sleep(60_000, controller.signal);
    controller.abort("enough");
    await expect(sleeping).rejects.toBe("enough");
    await expect(realClock.sleep(60_000, controller.signal)).rejects.toBe("enough");
  });

  it("leaves no listener on a signal that outlives many sleeps", async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 5; i++) await realClock.sleep(0, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("does not wake early from a sleep longer than a timer can hold", async () => {
    const controller = new AbortController();
    let woke = false;
    const sleeping = realClock.sleep(2 ** 40, controller.signal).then(
      () => {
        woke = true;
      },
      () => {},
    );
    await realClock.sleep(20);
    expect(woke).toBe(false);
    controller.abort();
    await sleeping;
  });
});
