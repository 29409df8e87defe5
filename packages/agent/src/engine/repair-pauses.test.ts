import { FakeClock } from "@mcp/base/fake-clock";
import type { ServiceGoal } from "@mcp/planner";
import type { OperationRecord, StepRecord } from "@mcp/registry";
import { beforeEach, describe, expect, it } from "vitest";
import { RepairPauses } from "./repair-pauses.ts";

let clock: FakeClock;
let pauses: RepairPauses;
beforeEach(() => {
  clock = new FakeClock();
  pauses = new RepairPauses(clock, () => 0.999_999);
});

const step = (component: string, state: StepRecord["state"]): StepRecord => ({
  number: 1,
  action: { do: "start", component, instance: `${component}.1`, isNew: false, isRestart: true, quickEnds: 1 },
  reason: "it exited",
  after: [],
  state,
  ...(state === "failed" && {
    problem: { code: "port_taken", message: "port 80 is taken", hint: "free it" },
  }),
});

function note(
  state: OperationRecord["state"],
  steps: readonly StepRecord[],
  { code = "port_taken", isUndoing = false } = {},
): void {
  const problem = { code, message: "it did not work", hint: "look" };
  const record: OperationRecord = {
    id: "op",
    requestId: "op",
    service: "shop",
    kind: "repair",
    state,
    createdAtMs: 0,
    lastLogLines: [],
    notes: [],
    request: {},
    steps,
    ...(state === "failed" && { problem }),
  };
  pauses.note(record, isUndoing);
}

const goal = (...names: string[]): ServiceGoal => ({
  service: "shop",
  desired: "running",
  managed: "heal",
  cause: "repair",
  components: names.map((name) => ({ name, desired: "running", instances: [], freshName: `${name}.2` })),
});

const leftOf = (name: string): number | undefined => {
  const [component] = pauses.hold(goal(name)).components;
  return component?.notBeforeMs === undefined ? undefined : component.notBeforeMs - clock.now();
};

describe("the pause before a repair is tried again", () => {
  it("is of the component that failed, and of no other", () => {
    note("failed", [step("web", "failed"), step("api", "done"), step("db", "skipped")]);
    expect([leftOf("web"), leftOf("api"), leftOf("db")]).toEqual([1_000, undefined, undefined]);
    expect(pauses.leftMs("shop")).toBe(0);
    expect([...pauses.failures("shop")]).toMatchObject([
      ["web", { times: 1, message: "port 80 is taken", hint: "free it" }],
    ]);
  });

  it("doubles up to five minutes, and is none after a success", () => {
    const seen = Array.from({ length: 11 }, () => {
      note("failed", [step("web", "failed")]);
      return leftOf("web");
    });
    expect(seen).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000));
    note("succeeded", [step("web", "done")]);
    expect(leftOf("web")).toBeUndefined();
    note("failed", [step("web", "failed")]);
    expect(leftOf("web")).toBe(1_000);
  });

  it("does not jump with the clock", async () => {
    note("failed", [step("web", "failed")]);
    clock.jump(-3_600_000);
    expect(leftOf("web")).toBe(1_000);
    clock.jump(7_200_000);
    expect(leftOf("web")).toBe(1_000);
    await clock.advance(1_000);
    expect(leftOf("web")).toBeUndefined();
  });

  it("is of the whole service where no step is to blame, its end could not be written, or a revision is undone", () => {
    note("failed", []);
    expect(pauses.leftMs("shop")).toBe(1_000);
    note("running", []);
    expect(pauses.leftMs("shop")).toBe(2_000);
    note("failed", [step("web", "failed")], { isUndoing: true });
    expect(pauses.leftMs("shop")).toBe(4_000);
    note("succeeded", [step("web", "done")]);
    expect(pauses.leftMs("shop")).toBe(0);
  });

  it("is none where all was done but what is unknown", () => {
    note("failed", [step("web", "done")], { code: "observation_unknown" });
    expect(pauses.leftMs("shop")).toBe(0);
    note("failed", [], { code: "observation_unknown" });
    expect(pauses.leftMs("shop")).toBe(1_000);
  });

  it("is forgotten once somebody acts", () => {
    note("failed", [step("web", "failed")]);
    pauses.clear("shop");
    expect(leftOf("web")).toBeUndefined();
    expect(pauses.failures("shop").size).toBe(0);
  });

  it("goes on to its end when somebody else has put it right, and is forgotten then", async () => {
    note("failed", [step("web", "failed")]);
    note("failed", [step("web", "failed")]);
    expect(pauses.ease("shop")).toBe(2_000);
    expect(pauses.failures("shop").get("web")?.times).toBe(2);
    await clock.advance(2_000);
    expect(pauses.ease("shop")).toBeUndefined();
    expect(pauses.failures("shop").size).toBe(0);
  });
});
