import { Problem } from "@mcp/base";
import type { Step } from "@mcp/planner";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runSteps, type StepHooks } from "./step-runner.ts";

const step = (number: number, after: readonly number[]): Step => ({
  number,
  after,
  reason: "a test",
  action: { do: "remove", component: "c", instance: `i${number}` },
});

const steps = fc
  .array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map((afters) =>
    afters.map((after, index) => step(index + 1, [...new Set(after.filter((n) => n >= 1 && n <= index))])),
  );

function recorder(fails: ReadonlySet<number>): StepHooks & { readonly log: string[] } {
  const log: string[] = [];
  const note = (what: string) => async (taken: Step) => {
    await Promise.resolve();
    log.push(`${what} ${taken.number}`);
  };
  return {
    log,
    begin: note("begin"),
    async execute(taken) {
      await new Promise((resolve) => setImmediate(resolve));
      if (fails.has(taken.number)) throw new Problem("start_failed", `step ${taken.number}`, "");
    },
    done: note("done"),
    failed: note("failed"),
    skipped: note("skipped"),
  };
}

describe("running steps", () => {
  it("takes each once, and none before those it comes after", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (planned) => {
        const hooks = recorder(new Set());
        expect(await runSteps(planned, "stop", hooks)).toBeUndefined();
        for (const { number, after } of planned) {
          const begun = hooks.log.indexOf(`begin ${number}`);
          expect(hooks.log.filter((line) => line === `done ${number}`)).toHaveLength(1);
          for (const before of after) expect(hooks.log.indexOf(`done ${before}`)).toBeLessThan(begun);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("begins nothing after a failure, lets what is under way end, and accounts for every step", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(11), async (planned, failing) => {
        const number = (failing % planned.length) + 1;
        const hooks = recorder(new Set([number]));
        const failure = await runSteps(planned, "stop", hooks);
        expect(failure?.step.number).toBe(number);
        const failedAt = hooks.log.indexOf(`failed ${number}`);
        expect(hooks.log.slice(failedAt + 1).some((line) => line.startsWith("begin"))).toBe(false);
        const ends = hooks.log.filter((line) => /^(done|failed|skipped) /.test(line));
        expect(ends).toHaveLength(planned.length);
      }),
      { numRuns: 200 },
    );
  });

  it("going on after a failure, skips only what comes after it", async () => {
    const hooks = recorder(new Set([1]));
    const planned = [step(1, []), step(2, [1]), step(3, []), step(4, [2, 3]), step(5, [3])];
    expect((await runSteps(planned, "go-on", hooks))?.step.number).toBe(1);
    expect(hooks.log.filter((line) => /^(done|failed|skipped) /.test(line)).sort()).toEqual([
      "done 3",
      "done 5",
      "failed 1",
      "skipped 2",
      "skipped 4",
    ]);
  });

  it("runs independent steps side by side", async () => {
    let running = 0;
    let most = 0;
    const hooks = recorder(new Set());
    await runSteps([step(1, []), step(2, []), step(3, [1, 2])], "stop", {
      ...hooks,
      async execute() {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
      },
    });
    expect(most).toBe(2);
  });
});
