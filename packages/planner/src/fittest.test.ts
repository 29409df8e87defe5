import { describe, expect, it } from "vitest";
import { component, exited, instance, nowMs, rejected, sees, target, trying, up } from "../test/example.ts";
import type { ComponentFacts } from "./component-plan.ts";
import { fittest } from "./fittest.ts";
import type { Instance } from "./goal.ts";
import type { Sighting } from "./observation.ts";

function fittestOf(
  made: readonly [Instance, Sighting][],
  { candidate }: { candidate?: ComponentFacts["candidate"] } = {},
): string | undefined {
  const instances = made.map(([one]) => one);
  const observation = sees(Object.fromEntries(made.map(([{ name }, seen]) => [name, seen])));
  const goal = component("web", { instances });
  return fittest({ goal, candidate, isAsked: true, observation, nowMs }, target())?.name;
}

const current = instance("current");
const retired = instance("retired", { role: "retired" });
const candidate = instance("candidate", { role: "candidate" });

describe("the fittest instance", () => {
  it("has the target's settings, as recorded and as seen", () => {
    expect(fittestOf([[current, up()]])).toBe("current");
    expect(fittestOf([[current, up("theirs")]])).toBeUndefined();
    expect(fittestOf([[instance("current", { specHash: "v1" }), up("v1")]])).toBeUndefined();
    expect(fittestOf([[current, { state: "missing" }]])).toBe("current");
  });

  it("runs, rather than not", () => {
    const twin = instance("twin");
    expect(
      fittestOf([
        [twin, exited()],
        [current, up()],
      ]),
    ).toBe("current");
    expect(
      fittestOf(
        [
          [current, exited()],
          [candidate, up()],
        ],
        trying,
      ),
    ).toBe("candidate");
    expect(
      fittestOf(
        [
          [retired, exited()],
          [current, exited()],
        ],
        trying,
      ),
    ).toBe("current");
  });

  it("may be a retired one only where a revision is on trial, whose acceptance makes it current", () => {
    expect(fittestOf([[retired, up()]], trying)).toBe("retired");
    expect(fittestOf([[retired, up()]])).toBeUndefined();
    expect(
      fittestOf([
        [retired, up()],
        [current, exited()],
      ]),
    ).toBe("current");
  });

  it("is nothing of a rejected revision", () => {
    expect(fittestOf([[candidate, up()]], trying)).toBe("candidate");
    expect(fittestOf([[candidate, up()]], rejected)).toBeUndefined();
  });
});
