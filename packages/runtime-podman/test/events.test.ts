import { realClock } from "@mcp/host";
import type { RuntimeEvent } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { withRig } from "./with-rig.ts";

describe("the events of podman", () => {
  const at = withRig();

  /** Collects what is told until the test is over. */
  const watch = (signal: AbortSignal) => {
    const seen: (RuntimeEvent & { readonly seenAtMs: number })[] = [];
    const over = new AbortController();
    const watching = (async () => {
      for await (const event of at.runtime.events(AbortSignal.any([signal, over.signal]))) {
        seen.push({ ...event, seenAtMs: Date.now() });
      }
    })().catch(() => {});
    const close = () => {
      over.abort();
      return watching;
    };
    return { seen, close };
  };

  it("tell of a killed container sooner than podman itself does", async ({ signal }) => {
    const specs = Array.from({ length: 9 }, () => at.spec({ does: "sleeps" }));
    for (const spec of specs) await at.runtime.start(spec, signal);
    const { seen, close } = watch(signal);
    await realClock.sleep(500);
    const sooner: number[] = [];
    for (const { name } of specs) {
      const { pid = 0 } = (await at.runtime.inspect(name, signal)) ?? {};
      process.kill(pid, "SIGKILL");
      const exits = () => seen.filter((event) => event.name === name && event.what === "exited");
      await expect.poll(() => exits().length, { interval: 5 }).toBeGreaterThan(0);
      // By then podman itself agrees, when asked.
      expect(await at.runtime.inspect(name, signal)).toMatchObject({ state: "exited" });
      await expect.poll(() => exits().length).toBe(2);
      const [first, second] = exits();
      sooner.push((second?.seenAtMs ?? 0) - (first?.seenAtMs ?? 0));
    }
    await close();
    expect(sooner.sort((a, b) => a - b)[4]).toBeGreaterThan(50);
  });

  it("tell of no exit where there was none", async ({ signal }) => {
    const { seen, close } = watch(signal);
    await realClock.sleep(200);
    const spec = at.spec({ does: "sleeps" });
    await at.runtime.start(spec, signal);
    await at.runtime.stop(spec.name, { graceMs: 5_000 }, signal);
    await realClock.sleep(600);
    seen.splice(0);
    // Now the file of the first exit goes.
    await at.runtime.start(spec, signal);
    await realClock.sleep(600);
    expect(seen.map(({ what }) => what)).toContain("started");
    expect(seen.map(({ what }) => what)).not.toContain("exited");
    await close();
  });

  it("tell nothing of strangers", async ({ signal }) => {
    const { seen, close } = watch(signal);
    await realClock.sleep(200);
    await at.rig.cli(["run", "--rm", "--name", "a-stranger", at.rig.image, "true"]);
    const spec = at.spec({ does: "prints and exits", code: 0 });
    await at.runtime.start(spec, signal);
    await expect.poll(() => seen.some(({ what }) => what === "exited")).toBe(true);
    expect(new Set(seen.map(({ name }) => name))).toEqual(new Set([spec.name]));
    await close();
  });
});
