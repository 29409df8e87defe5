import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";

describe("the fake clock", () => {
  it("stands still until told", async () => {
    const clock = new FakeClock(5_000);
    expect([clock.now(), clock.monotonic()]).toEqual([5_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([5_250, 250]);
  });

  it("wakes sleepers in the order of their times, each at its own", async () => {
    const clock = new FakeClock();
    const woken: [string, number][] = [];
    const sleep = (name: string, ms: number) =>
      clock.sleep(ms).then(() => woken.push([name, clock.monotonic()]));
    void sleep("late", 300);
    void sleep("soon", 100);
    void sleep("as soon", 100);
    await clock.advance(99);
    expect(woken).toEqual([]);
    await clock.advance(201);
    expect(woken).toEqual([
      ["soon", 100],
      ["as soon", 100],
      ["late", 300],
    ]);
  });

  it("lets what was woken sleep again within the same advance", async () => {
    const clock = new FakeClock();
    let ticks = 0;
    void (async () => {
      for (;;) {
        await clock.sleep(10);
        ticks++;
      }
    })();
    await clock.advance(100);
    expect(ticks).toBe(10);
  });

  it("does not let anybody sleep for no time, or less", async () => {
    const clock = new FakeClock();
    await clock.sleep(0);
    await clock.sleep(-1);
    expect(clock.sleeping).toBe(0);
  });

  it("wakes with the reason when aborted, also before it fell asleep", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleeping = clock.sleep(100, controller.signal);
    expect(clock.sleeping).toBe(1);
    controller.abort("enough");
    await expect(sleeping).rejects.toBe("enough");
    expect(clock.sleeping).toBe(0);
    await expect(clock.sleep(100, controller.signal)).rejects.toBe("enough");
  });

  it("leaves no listener on a signal that outlives many sleeps", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    for (let turn = 0; turn < 20; turn++) {
      const sleeping = clock.sleep(10, signal);
      await clock.advance(10);
      await sleeping;
    }
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("jumps without waking anybody, since durations do not jump", async () => {
    const clock = new FakeClock(0);
    let awake = false;
    void clock.sleep(100).then(() => (awake = true));
    clock.jump(3_600_000);
    await clock.advance(99);
    expect([clock.now(), clock.monotonic(), awake]).toEqual([3_600_099, 99, false]);
    clock.jump(-3_600_000);
    await clock.advance(1);
    expect([clock.now(), awake]).toEqual([100, true]);
  });
});
