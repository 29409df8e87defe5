import { describe, expect, it } from "vitest";
import { type BootStage, currentStage, mayRecover, nextStageState } from "./boot-order.ts";

const foundation: BootStage = { name: "foundation", services: ["ids"], timeoutMs: 1_000, blocks: true };
const core: BootStage = { name: "core", services: ["mcr", "web"], timeoutMs: 1_000, blocks: false };
const stages = [foundation, core];
const waiting = (elapsedMs: number) => ({ waitingFor: ["ids (exited)"], elapsedMs });
const well = { waitingFor: [], elapsedMs: 0 };

describe("the order of a boot", () => {
  it("lets the first stage begin, and holds the others and what no stage names", () => {
    expect(["ids", "mcr", "other"].map((name) => mayRecover(stages, {}, name))).toEqual([true, false, false]);
    expect(currentStage(stages, {})).toBe(0);
  });

  it("lets a stage begin when the one before it has passed or was given up", () => {
    const names = ["ids", "mcr", "other"];
    for (const state of ["passed", "gave-up"] as const)
      expect(names.map((name) => mayRecover(stages, { foundation: state }, name))).toEqual([
        true,
        true,
        false,
      ]);
  });

  it("goes no further than a stage that is late", () => {
    expect(currentStage(stages, { foundation: "late" })).toBe(0);
    expect(mayRecover(stages, { foundation: "late" }, "mcr")).toBe(false);
    expect(mayRecover(stages, { foundation: "late" }, "ids")).toBe(true);
  });

  it("holds nothing once the last stage has ended, nor where there are no stages", () => {
    expect(mayRecover(stages, { foundation: "passed", core: "gave-up" }, "other")).toBe(true);
    expect(currentStage(stages, { foundation: "passed", core: "gave-up" })).toBeUndefined();
    expect(mayRecover([], {}, "other")).toBe(true);
  });
});

describe("a stage", () => {
  it("passes when it waits for nothing, however late", () => {
    for (const state of [undefined, "late", "gave-up"] as const)
      expect(nextStageState(foundation, state, { ...well, elapsedMs: 5_000 })).toBe("passed");
    expect(nextStageState(foundation, "passed", well)).toBeUndefined();
  });

  it("is late or given up at its time limit, as it blocks or not, and not before", () => {
    expect(nextStageState(foundation, undefined, waiting(999))).toBeUndefined();
    expect(nextStageState(foundation, undefined, waiting(1_000))).toBe("late");
    expect(nextStageState(core, undefined, waiting(1_000))).toBe("gave-up");
  });

  it("that has passed does not fail later, and is late once", () => {
    expect(nextStageState(foundation, "passed", waiting(9_000))).toBeUndefined();
    expect(nextStageState(foundation, "late", waiting(9_000))).toBeUndefined();
    expect(nextStageState(core, "gave-up", waiting(9_000))).toBeUndefined();
    expect(nextStageState(foundation, "gave-up", waiting(9_000))).toBeUndefined();
  });

  it("that was late is given up when it is told not to block any more", () => {
    expect(nextStageState(core, "late", waiting(9_000))).toBe("gave-up");
  });
});
