import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawWorld } from "../test/model/draw-world.ts";
import { checkEnd } from "../test/model/end-laws.ts";
import { converge, noAccidents } from "../test/model/engine.ts";
import { drawHistory } from "../test/model/history.ts";
import { lawRuns, type Tape, tapes } from "../test/model/tape.ts";
import { World } from "../test/model/world.ts";

const timeLimitMs = 60_000 + lawRuns * 50;

/** Without accidents: first what was begun is ended, then `cause` has its way, then nothing may be left to do. */
function settle(world: World, cause: "operation" | "repair"): void {
  if (world.service?.desired === "ignore") world.service.desired = "running";
  world.passTime();
  expect(["done", "undone", "failed"]).toContain(converge(world, "operation", noAccidents));
  // Only a workload that cannot run keeps an operation from its end.
  if (cause === "operation") expect(["done", "failed"]).toContain(converge(world, cause, noAccidents));
  if (world.service) world.service.managed = "heal";
  expect(converge(world, "repair", noAccidents)).toBe("done");
  // Nothing waits for longer than the longest pause before it is started again.
  world.nowMs += 300_000;
  expect(converge(world, "repair", noAccidents)).toBe("done");
  checkEnd(world, cause);
}

function endsWell(draw: (tape: Tape, world: World) => World, choices: number): void {
  fc.assert(
    fc.property(tapes(choices), fc.constantFrom("operation", "repair"), (tape, cause) => {
      const world = new World();
      try {
        settle(draw(tape, world), cause);
      } catch (thrown) {
        throw new Error(world.story.join("\n"), { cause: thrown });
      }
    }),
    { numRuns: lawRuns },
  );
}

describe("whatever happened, it ends well:", () => {
  it("from any state at all", { timeout: timeLimitMs }, () => endsWell(drawWorld, 300));

  it("after kills, failures, deaths, lost sight and a meddling hand", { timeout: timeLimitMs }, () =>
    endsWell(drawHistory, 1200),
  );
});
