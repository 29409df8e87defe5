import { expect } from "vitest";
import type { Bench } from "../bench.ts";

export const recoverRules = {
  "a handle outlives the agent": async (bench: Bench) => {
    const spec = await bench.spec({ does: "sleeps" });
    const handle = await bench.runtime.start(spec, bench.signal);
    const stored = JSON.parse(JSON.stringify(handle));
    expect(stored).toEqual(handle);
    const before = await bench.runtime.inspect(spec.name, bench.signal);
    expect(before).toMatchObject({ name: spec.name });
    const restarted = await bench.rig.reopen();
    expect(await restarted.recover(stored, bench.signal)).toEqual(before);
    await restarted.stop(spec.name, { graceMs: 5_000 }, bench.signal);
    expect(await bench.runtime.recover(stored, bench.signal)).toMatchObject({ state: "exited" });
  },

  "a restarted agent sees everything that its former self started": async (bench: Bench) => {
    const { name } = await bench.start({ does: "sleeps" });
    const restarted = await bench.rig.reopen();
    const names = (await restarted.list(bench.signal)).map((workload) => workload.name);
    expect(names).toContain(name);
    const seen = await restarted.inspect(name, bench.signal);
    expect(seen).toMatchObject({ name });
    expect(seen).toEqual(await bench.runtime.inspect(name, bench.signal));
  },

  "a handle of what is gone recovers to nothing": async (bench: Bench) => {
    const spec = await bench.spec({ does: "sleeps" });
    const handle = await bench.runtime.start(spec, bench.signal);
    await bench.runtime.remove(spec.name, bench.signal);
    expect(await bench.runtime.recover(handle, bench.signal)).toBeUndefined();
  },

  "a handle does not recover a later workload of the same name": async (bench: Bench) => {
    const spec = await bench.spec({ does: "sleeps" });
    const old = await bench.runtime.start(spec, bench.signal);
    await bench.runtime.remove(spec.name, bench.signal);
    const next = await bench.runtime.start(spec, bench.signal);
    expect(await bench.runtime.recover(old, bench.signal)).toBeUndefined();
    expect(await bench.runtime.recover(next, bench.signal)).toMatchObject({ name: spec.name });
  },

  "a handle of a later version is refused, not guessed at": async (bench: Bench) => {
    const spec = await bench.spec({ does: "sleeps" });
    const handle = await bench.runtime.start(spec, bench.signal);
    await bench.problem("runtime_failed", bench.runtime.recover({ ...handle, v: 1_000 }, bench.signal));
  },
};
