import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepFreeze } from "../test/model/deep-freeze.ts";
import { drawWorld } from "../test/model/draw-world.ts";
import { checkLaw, planLaws } from "../test/model/plan-laws.ts";
import { lawRuns, type Tape, tapes } from "../test/model/tape.ts";
import { plan } from "./plan.ts";

const timeLimitMs = 60_000 + lawRuns * 20;

/** Any goal with any observation of it. */
function drawGoal(tape: Tape) {
  const world = drawWorld(tape);
  const goal = world.goal(tape.pick(["operation", "repair"]));
  const isUncertain = tape.once(3);
  const observation = world.observe(() => isUncertain && tape.once(4));
  return { goal, observation, nowMs: world.nowMs };
}

function always(law: (drawn: ReturnType<typeof drawGoal>) => void): void {
  fc.assert(
    fc.property(tapes(300), (tape) => law(drawGoal(tape))),
    { numRuns: lawRuns },
  );
}

describe("of every plan it holds that", () => {
  it("all of this is in the README's table of laws", async () => {
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    expect(Object.keys(planLaws).filter((law) => !readme.includes(law))).toEqual([]);
  });

  for (const law of Object.keys(planLaws))
    it(law, { timeout: timeLimitMs }, () => {
      always((drawn) => checkLaw(law, { ...drawn, plan: plan(drawn.goal, drawn.observation, drawn.nowMs) }));
    });

  it("the same facts give the same plan, and are not changed by it", { timeout: timeLimitMs }, () => {
    always(({ goal, observation, nowMs }) => {
      const first = plan(deepFreeze(goal), deepFreeze(observation), nowMs);
      expect(JSON.stringify(plan(goal, observation, nowMs))).toBe(JSON.stringify(first));
    });
  });

  it("a failed observation leads to nothing that destroys", { timeout: timeLimitMs }, () => {
    always(({ goal, nowMs }) => {
      const { steps } = plan(goal, { sightings: new Map(), presentImages: new Set() }, nowMs);
      const withInstances = new Set(
        goal.components.flatMap(({ name, instances }) => (instances.length > 0 ? name : [])),
      );
      for (const { action } of steps) {
        expect(["pull", "start", "stand", "accept", "discard", "forget"]).toContain(action.do);
        if ("component" in action) expect(withInstances).not.toContain(action.component);
        else expect(withInstances.size).toBe(0);
      }
    });
  });
});
