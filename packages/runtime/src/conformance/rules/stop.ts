import { expect } from "vitest";
import type { Bench } from "../bench.ts";

export const stopRules = {
  "stop asks before it kills": async (bench: Bench) => {
    const { name } = await bench.start({ does: "says when it is asked to stop" });
    await bench.runtime.stop(name, { graceMs: 10_000 }, bench.signal);
    const workload = await bench.runtime.inspect(name, bench.signal);
    expect(workload).toMatchObject({ state: "exited", exit: { reason: "exited", code: 0 } });
    expect(await bench.texts(name)).toContain("asked to stop");
  },

  "stop kills what does not listen, but not before its grace is over": async (bench: Bench) => {
    const { name } = await bench.start({ does: "ignores being asked to stop" });
    const begin = performance.now();
    await bench.runtime.stop(name, { graceMs: 1_000 }, bench.signal);
    expect(performance.now() - begin).toBeGreaterThan(900);
    expect(performance.now() - begin).toBeLessThan(12_000);
    const workload = await bench.runtime.inspect(name, bench.signal);
    expect(workload).toMatchObject({ state: "exited", exit: { reason: "signal" } });
  },

  "what is stopped is kept until it is removed": async (bench: Bench) => {
    const { name } = await bench.start({ does: "sleeps" });
    await bench.runtime.stop(name, { graceMs: 5_000 }, bench.signal);
    expect(await bench.isListed(name)).toBe(true);
    await bench.runtime.remove(name, bench.signal);
    expect(await bench.isListed(name)).toBe(false);
    expect(await bench.runtime.inspect(name, bench.signal)).toBeUndefined();
  },

  "stopping what is stopped or gone succeeds": async (bench: Bench) => {
    const { name } = await bench.start({ does: "prints and exits", code: 0 });
    await bench.untilExited(name);
    await bench.runtime.stop(name, { graceMs: 1_000 }, bench.signal);
    await bench.runtime.remove(name, bench.signal);
    await bench.runtime.stop(name, { graceMs: 1_000 }, bench.signal);
  },

  "removing kills what runs, and removing what is gone succeeds": async (bench: Bench) => {
    const { name } = await bench.start({ does: "ignores being asked to stop" });
    await bench.runtime.remove(name, bench.signal);
    expect(await bench.runtime.inspect(name, bench.signal)).toBeUndefined();
    await bench.runtime.remove(name, bench.signal);
  },

  "an exit is seen, with its code and its time": async (bench: Bench) => {
    const before = Date.now();
    const { name } = await bench.start({ does: "prints and exits", code: 7 });
    const { exit } = await bench.untilExited(name);
    expect(exit).toMatchObject({ reason: "exited", code: 7 });
    expect(exit?.atMs).toBeGreaterThan(before - 2_000);
    expect(exit?.atMs).toBeLessThan(Date.now() + 2_000);
  },
};
