import { expect } from "vitest";
import type { Bench } from "../bench.ts";

export const lookRules = {
  "probe tells the version, the store and what it can do": async ({ runtime, signal }: Bench) => {
    const probe = await runtime.probe(signal);
    if (!probe.ok) expect.fail(`probe says: ${probe.why} (${probe.hint})`);
    expect(probe.version).toMatch(/\d/);
    expect(probe.store).not.toBe("");
    for (const [what, can] of Object.entries(probe.can)) {
      if (!can.ok) expect(can.why, `why not ${what}`).not.toBe("");
    }
  },

  "the store is the same after a restart of the agent": async ({ rig, runtime, signal }: Bench) => {
    const before = await runtime.probe(signal);
    const after = await (await rig.reopen()).probe(signal);
    expect(after).toMatchObject({ ok: true, store: before.ok && before.store });
  },

  "what was never started is not there": async (bench: Bench) => {
    const { name } = await bench.spec({ does: "sleeps" });
    expect(await bench.runtime.inspect(name, bench.signal)).toBeUndefined();
    expect(await bench.isListed(name)).toBe(false);
  },

  "what runs is shown with its labels, its image and its time of start": async (bench: Bench) => {
    const before = Date.now();
    const spec = await bench.start({ does: "sleeps" });
    const workload = await bench.until(spec.name, "ran", ({ state }) => state === "running");
    expect(workload).toMatchObject({ name: spec.name, kind: spec.kind, labels: spec.labels, ports: [] });
    expect(workload.imageDigest).toBe(spec.image.digest);
    expect(workload.imageReference).toBe(spec.image.reference);
    expect(workload.startedAtMs).toBeGreaterThan(before - 2_000);
    expect(workload.startedAtMs).toBeLessThan(Date.now() + 2_000);
    expect(workload.exit).toBeUndefined();
  },

  "list shows everything of ours, running or not, sorted by name, as inspect does": async (bench: Bench) => {
    const running = await bench.start({ does: "sleeps" });
    const ended = await bench.start({ does: "prints and exits", code: 3 });
    await bench.untilExited(ended.name);
    await bench.until(running.name, "ran", ({ state }) => state === "running");
    const list = await bench.runtime.list(bench.signal);
    const names = list.map((workload) => workload.name);
    expect(names).toEqual([...names].sort());
    for (const { name } of [running, ended]) {
      const listed = list.find((workload) => workload.name === name);
      const inspected = await bench.runtime.inspect(name, bench.signal);
      expect(listed).toMatchObject({
        name,
        kind: inspected?.kind,
        labels: inspected?.labels,
        state: inspected?.state,
        imageDigest: inspected?.imageDigest,
        imageReference: inspected?.imageReference,
        ports: inspected?.ports,
      });
    }
  },

  "what is already aborted rethrows the reason": async (bench: Bench) => {
    const gone = AbortSignal.abort("enough");
    const { name } = await bench.spec({ does: "sleeps" });
    await expect(bench.runtime.list(gone)).rejects.toBe("enough");
    await expect(bench.runtime.inspect(name, gone)).rejects.toBe("enough");
    await expect(bench.runtime.probe(gone)).rejects.toBe("enough");
  },
};
