import { expect } from "vitest";
import type { Bench } from "../bench.ts";

export const strangerRules = {
  "what is not ours is shown as a stranger, and not as a workload": async (bench: Bench) => {
    const ours = await bench.start({ does: "sleeps" });
    await withStranger(bench, async (name) => {
      const strangers = (await bench.runtime.strangers(bench.signal)).map((stranger) => stranger.name);
      expect(strangers).toContain(name);
      expect(strangers).not.toContain(ours.name);
      expect(await bench.isListed(name)).toBe(false);
      expect(await bench.runtime.inspect(name, bench.signal)).toBeUndefined();
    });
  },

  "a name that a stranger holds cannot be started": async (bench: Bench) => {
    await withStranger(bench, async (name) => {
      const spec = { ...(await bench.rig.spec({ does: "sleeps" })), name };
      await bench.problem("spec_conflict", bench.runtime.start(spec, bench.signal));
    });
  },

  "a stranger is never stopped, removed or entered": async (bench: Bench) => {
    await withStranger(bench, async (name) => {
      const { runtime, signal } = bench;
      // Ours is gone, then.
      await runtime.stop(name, { graceMs: 100 }, signal);
      await runtime.remove(name, signal);
      await bench.problem("workload_not_found", bench.lines(name));
    });
  },
};

async function withStranger(bench: Bench, check: (name: string) => Promise<void>): Promise<void> {
  const { name } = await bench.rig.spec({ does: "sleeps" });
  const stranger = await bench.rig.stranger(name);
  try {
    await check(name);
    expect(await stranger.isUntouched()).toBe(true);
  } finally {
    await stranger.remove();
  }
}
