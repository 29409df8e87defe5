import { Problem } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { open, problemOf, startMs } from "../test/temporary.ts";
import type { NewOperation } from "./operations.ts";

const deploy = (id: string, service = "a"): NewOperation => ({
  id,
  requestId: `request-of-${id}`,
  service,
  kind: "deploy",
  request: { force: true },
});

describe("operations", () => {
  it("are queued when they are recorded, and a retry meets the same one", async () => {
    const { registry, clock } = await open();
    const first = await registry.addOperation(deploy("1"));
    expect(first).toEqual({
      isNew: true,
      operation: {
        ...deploy("1"),
        state: "queued",
        createdAtMs: startMs,
        lastLogLines: [],
        notes: [],
        steps: [],
      },
    });
    clock.jump(5);
    await registry.setOperation("1", { state: "running" });
    const again = await registry.addOperation({ ...deploy("2"), requestId: "request-of-1" });
    expect(again).toEqual({ isNew: false, operation: { ...first.operation, state: "running" } });
    expect(await registry.operation("2")).toBeUndefined();
  });

  it("are found by their id and by their request", async () => {
    const { registry } = await open();
    const { operation } = await registry.addOperation(deploy("1"));
    await registry.addOperation({ ...deploy("2"), requestId: "1" });
    expect(await registry.operation("1")).toEqual(operation);
    expect(await registry.operation("request-of-1")).toEqual(operation);
    expect(await registry.operation("3")).toBeUndefined();
  });

  it("are listed newest first, unfinished ones oldest first, also when the clock goes back", async () => {
    const { registry, clock } = await open();
    for (const [id, service] of [
      ["1", "a"],
      ["2", "b"],
      ["3", "a"],
      ["4", "a"],
    ] as const) {
      await registry.addOperation(deploy(id, service));
      clock.jump(-1_000);
    }
    await registry.setOperation("1", { state: "running" });
    await registry.setOperation("2", { state: "reverting" });
    await registry.setOperation("3", { state: "succeeded" });
    const ids = async (filter: Parameters<typeof registry.operations>[0]) =>
      (await registry.operations(filter)).map(({ id }) => id);
    expect(await ids({ limit: 10 })).toEqual(["4", "3", "2", "1"]);
    expect(await ids({ limit: 2 })).toEqual(["4", "3"]);
    expect(await ids({ limit: 10, service: "a" })).toEqual(["4", "3", "1"]);
    expect(await ids({ limit: 10, unfinished: true })).toEqual(["1", "2", "4"]);
    expect(await ids({ limit: 10, unfinished: true, service: "a" })).toEqual(["1", "4"]);
    expect(await ids({ limit: 10, unfinished: false, service: "b" })).toEqual(["2"]);
  });

  it("change in the parts that are given, and are finished when they succeed or fail", async () => {
    const { registry, clock } = await open();
    await registry.addOperation(deploy("1"));
    await registry.setOperation("1", { state: "running", notes: ["pulled"], revision: 4 });
    expect(await registry.operation("1")).not.toHaveProperty("finishedAtMs");
    clock.jump(9);
    const problem = new Problem("exited_early", "a exited", "see: mcp logs a");
    await registry.setOperation("1", { state: "failed", problem, lastLogLines: ["panic", "at line 1"] });
    await registry.setOperation("1", {});
    expect(await registry.operation("1")).toMatchObject({
      state: "failed",
      finishedAtMs: startMs + 9,
      problem: { code: "exited_early", message: "a exited", hint: "see: mcp logs a" },
      lastLogLines: ["panic", "at line 1"],
      notes: ["pulled"],
      revision: 4,
    });
    await registry.setOperation("1", { state: "succeeded", finishedAtMs: 5 });
    expect(await registry.operation("1")).toMatchObject({ state: "succeeded", finishedAtMs: 5 });
  });

  it("that are not recorded cannot change", async () => {
    const { registry } = await open();
    const calls = [
      registry.setOperation("1", { state: "running" }),
      registry.addSteps("1", []),
      registry.setStep("1", 1, { state: "done" }),
    ];
    for (const call of calls) expect(await problemOf(call)).toMatchObject({ code: "operation_not_found" });
  });
});

describe("steps", () => {
  it("are planned, then change one by one, and are seen in their order", async () => {
    const { registry } = await open();
    await registry.addOperation(deploy("1"));
    await registry.addOperation(deploy("2"));
    await registry.addSteps("1", [
      { number: 2, action: { do: "start" }, reason: "it is not there", after: [1] },
      { number: 1, action: { do: "pull" }, reason: "the image is not here", after: [] },
    ]);
    await registry.addSteps("2", [{ number: 1, action: { do: "stop" }, reason: "asked for", after: [] }]);
    await registry.setStep("1", 1, { state: "running", startedAtMs: 1 });
    await registry.setStep("1", 1, { state: "done", finishedAtMs: 2 });
    await registry.setStep("1", 2, { state: "failed", problem: { code: "start_failed" } });
    expect((await registry.operation("1"))?.steps).toEqual([
      {
        number: 1,
        action: { do: "pull" },
        reason: "the image is not here",
        after: [],
        state: "done",
        startedAtMs: 1,
        finishedAtMs: 2,
      },
      {
        number: 2,
        action: { do: "start" },
        reason: "it is not there",
        after: [1],
        state: "failed",
        problem: { code: "start_failed" },
      },
    ]);
    const [newest] = await registry.operations({ limit: 1 });
    expect(newest?.steps).toEqual([
      { number: 1, action: { do: "stop" }, reason: "asked for", after: [], state: "planned" },
    ]);
  });

  it("of one call are added all or none", async () => {
    const { registry } = await open();
    await registry.addOperation(deploy("1"));
    const step = { number: 1, action: {}, reason: "", after: [] };
    await expect(registry.addSteps("1", [step, step])).rejects.toThrow("UNIQUE");
    expect((await registry.operation("1"))?.steps).toEqual([]);
  });
});
