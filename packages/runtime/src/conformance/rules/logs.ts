import { expect } from "vitest";
import type { Bench } from "../bench.ts";

export const logRules = {
  "logs tell each line with its stream and its time, in order": async (bench: Bench) => {
    const before = Date.now();
    const stdout = ["one", "", "  indented, with é and a tab\t.", "last"];
    const spec = await bench.start({ does: "prints and exits", stdout, stderr: ["oops"], code: 0 });
    await bench.untilExited(spec.name);
    const lines = await bench.lines(spec.name);
    const of = (stream: string) => lines.filter((line) => line.stream === stream).map((line) => line.text);
    expect(of("stdout")).toEqual(stdout);
    expect(of("stderr")).toEqual(["oops"]);
    for (const [index, { atMs }] of lines.entries()) {
      expect(atMs).toBeGreaterThan(before - 2_000);
      expect(atMs).toBeLessThan(Date.now() + 2_000);
      expect(atMs).toBeGreaterThanOrEqual(lines[index - 1]?.atMs ?? 0);
    }
  },

  "a long line comes back whole": async (bench: Bench) => {
    const long = "x".repeat(40_000);
    const spec = await bench.start({ does: "prints and exits", stdout: [long, "after"], code: 0 });
    await bench.untilExited(spec.name);
    const texts = await bench.texts(spec.name);
    expect(texts.map((text) => text.length)).toEqual([40_000, 5]);
    expect(texts).toEqual([long, "after"]);
  },

  "logs tail gives only the last lines": async (bench: Bench) => {
    const spec = await bench.start({ does: "prints and exits", stdout: ["a", "b", "c", "d"], code: 0 });
    await bench.untilExited(spec.name);
    expect(await bench.texts(spec.name, { tail: 2 })).toEqual(["c", "d"]);
    expect(await bench.texts(spec.name, { tail: 0 })).toEqual([]);
    expect(await bench.texts(spec.name, { tail: 100 })).toEqual(["a", "b", "c", "d"]);
  },

  "logs since leaves out what is older": async (bench: Bench) => {
    const { name } = await bench.start({ does: "ticks" });
    await expect.poll(() => bench.texts(name), { timeout: bench.patienceMs }).toContain("tick 6");
    await bench.runtime.stop(name, { graceMs: 100 }, bench.signal);
    const all = await bench.lines(name);
    expect(all.length).toBeGreaterThan(4);
    const sinceMs = all[3]?.atMs ?? 0;
    const expected = all.filter((line) => line.atMs >= sinceMs);
    expect(await bench.lines(name, { sinceMs })).toEqual(expected);
  },

  "logs follow shows lines as they come, and ends when the workload does": async (bench: Bench) => {
    const stdout = ["a", "b"];
    const { name } = await bench.start({ does: "prints and exits", stdout, afterMs: 700, code: 0 });
    expect(await bench.texts(name, { follow: true })).toEqual(stdout);
    expect(await bench.untilExited(name)).toMatchObject({ state: "exited" });
  },

  "logs follow of what has ended shows it all and ends": async (bench: Bench) => {
    const { name } = await bench.start({ does: "prints and exits", stdout: ["a", "b"], code: 0 });
    await bench.untilExited(name);
    expect(await bench.texts(name, { follow: true, tail: 1 })).toEqual(["b"]);
  },

  "logs follow shows a line soon after it was printed": async (bench: Bench) => {
    const { name } = await bench.start({ does: "ticks" });
    let seen = 0;
    for await (const { atMs } of bench.runtime.logs(name, { follow: true, tail: 0 }, bench.signal)) {
      expect(Date.now() - atMs).toBeLessThan(1_500);
      if (++seen === 3) break;
    }
    expect(seen).toBe(3);
  },

  "logs follow rethrows the reason when aborted": async (bench: Bench) => {
    const { name } = await bench.start({ does: "ticks" });
    const controller = new AbortController();
    const following = (async () => {
      for await (const _ of bench.runtime.logs(name, { follow: true }, controller.signal)) {
        controller.abort("enough");
      }
    })();
    await expect(following).rejects.toBe("enough");
  },

  "logs of what is not there says so": async (bench: Bench) => {
    const { name } = await bench.spec({ does: "sleeps" });
    await bench.problem("workload_not_found", bench.lines(name));
  },
};
