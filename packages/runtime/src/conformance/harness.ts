import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import type { Rig } from "./rig.ts";
import { type Rule, type RuleName, rules } from "./rules/index.ts";

/** Rules that a backend cannot keep, each with the reason. An excused rule is run all the same, and must fail. */
export type Excuses = Partial<Record<RuleName, string>>;

export interface Harness {
  open(): Promise<Rig>;
  readonly excuses?: Excuses;
  /** Why the backend cannot be tried on this machine: every rule is then skipped, saying so. */
  missing?(): Promise<string | undefined> | string | undefined;
}

/**
 * Test that a backend keeps every rule of the runtime contract. Call it in a test file of vitest.
 *
 * @example runtimeConformance("the fake", { open: async () => openFakeRig() });
 */
export function runtimeConformance(name: string, { open, excuses = {}, missing }: Harness): void {
  describe(`${name} keeps the runtime contract`, () => {
    let rig: Rig | undefined;
    let why: string | undefined;
    beforeAll(async () => {
      why = await missing?.();
      if (why === undefined) rig = await open();
    }, 180_000);
    afterAll(() => rig?.close(), 60_000);

    it("excuses only rules that exist, each with a reason", () => {
      expect(Object.keys(rules)).toEqual(expect.arrayContaining(Object.keys(excuses)));
      for (const reason of Object.values(excuses)) expect(reason).toMatch(/\w+ \w+/);
    });

    for (const [rule, check] of Object.entries(rules) as [RuleName, Rule][]) {
      const excuse = excuses[rule];
      it(excuse === undefined ? rule : `does not keep, and says why: ${rule}`, async ({ skip, signal }) => {
        if (!rig) return skip(why);
        const work = withBench(rig, signal, check);
        if (excuse === undefined) return work;
        await expect(work, `the excuse "${excuse}" is stale: the rule is kept`).rejects.toThrow();
      });
    }
  });
}

async function withBench(rig: Rig, signal: AbortSignal, check: Rule): Promise<void> {
  const bench = new Bench(rig, signal);
  try {
    await check(bench);
  } finally {
    await bench.close();
  }
}
