import { FakeClock } from "@mcp/base/fake-clock";
import type { OperationUpdateJson } from "@mcp/client";
import { describe, expect, it } from "vitest";
import { plain } from "../terminal/style.ts";
import { LiveProgress } from "./live-progress.ts";
import { operationLines } from "./operation-lines.ts";
import { applyUpdate, type OperationModel } from "./operation-model.ts";
import { PlainProgress } from "./plain-progress.ts";

const at = (seconds: number) => `2026-01-02T11:00:${String(seconds).padStart(2, "0")}Z`;
const nowMs = Date.parse(at(10));
const planned = (number: number, component: string) => ({ number, action: "start", component });

const updates: OperationUpdateJson[] = [
  {
    operation: {
      id: "op-1",
      state: "STATE_RUNNING",
      steps: [{ number: 1, action: "pull", subject: "hello:2" }, planned(2, "web"), planned(3, "db")],
    },
  },
  {
    step: {
      number: 1,
      action: "pull",
      subject: "hello:2",
      state: "STATE_DONE",
      startedAt: at(1),
      finishedAt: at(3),
    },
  },
  { step: { ...planned(2, "web"), state: "STATE_RUNNING", startedAt: at(8) } },
  { progress: { stepNumber: 2, text: "almost there" } },
];

const modelAfter = (...all: OperationUpdateJson[]): OperationModel => {
  const model = all.reduce<OperationModel | undefined>(applyUpdate, undefined);
  if (!model) throw new Error("no update held an operation");
  return model;
};

const draw = (model: OperationModel, more = {}) =>
  operationLines(model, { style: plain, nowMs, height: 24, width: 80, ...more });

describe("what is known of an operation", () => {
  it("is put together from what the agent says", () => {
    const { operation, progress } = modelAfter(...updates);
    expect(operation.steps.map(({ number, state }) => [number, state])).toEqual([
      [1, "done"],
      [2, "running"],
      [3, "unknown"],
    ]);
    expect(progress.get(2)).toBe("almost there");
  });

  it("takes in steps that were not planned at first, in their place", () => {
    const model = modelAfter(...updates, { step: planned(5, "late") }, { step: planned(4, "undo") });
    expect(model.operation.steps.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  });

  it("is replaced by a whole operation, as after attaching again", () => {
    const model = modelAfter(...updates, { operation: { id: "op-1", state: "STATE_SUCCEEDED" } });
    expect(model.operation).toMatchObject({ state: "succeeded", steps: [] });
  });

  it("is nothing before the agent says which operation it is", () => {
    expect(applyUpdate(undefined, { step: planned(1, "web") })).toBeUndefined();
  });
});

describe("an operation on a terminal", () => {
  it("has a line for each step, with its time", () => {
    expect(draw(modelAfter(...updates))).toEqual([
      "✓ pull hello:2 2.0s",
      "⠋ start web  almost there 2.0s",
      "· start db",
    ]);
  });

  it("marks what failed, leaves out what was skipped, and says what is undone", () => {
    const model = modelAfter(
      ...updates,
      { step: { ...planned(2, "web"), state: "STATE_FAILED", startedAt: at(8), finishedAt: at(9) } },
      { step: { ...planned(3, "db"), state: "STATE_SKIPPED" } },
    );
    const reverting = { ...model, operation: { ...model.operation, state: "reverting" } };
    expect(draw(reverting)).toEqual([
      "it failed; removing what was started",
      "✓ pull hello:2 2.0s",
      "✗ start web 1.0s",
    ]);
  });

  it("is never wider than the terminal", () => {
    expect(draw(modelAfter(...updates), { width: 20 })).toEqual([
      "✓ pull hell… 2.0s",
      "⠋ start web… 2.0s",
      "· start db",
    ]);
  });

  it("is never higher than the terminal, and shows what is under way", () => {
    const steps = Array.from({ length: 40 }, (_, index) => ({
      ...planned(index + 1, `c${index + 1}`),
      state:
        index < 30
          ? ("STATE_DONE" as const)
          : index === 30
            ? ("STATE_RUNNING" as const)
            : ("STATE_PLANNED" as const),
    }));
    const lines = draw(modelAfter({ operation: { state: "STATE_RUNNING", steps } }), { height: 5 });
    expect(lines).toEqual(["✓ start c30", "⠋ start c31 0.0s", "· start c32", "· start c33", "· start c34"]);
    const done = steps.map((step) => ({ ...step, state: "STATE_DONE" as const }));
    expect(draw(modelAfter({ operation: { steps: done } }), { height: 2 })).toEqual([
      "✓ start c39",
      "✓ start c40",
    ]);
  });
});

describe("drawing on a terminal", () => {
  it("takes one that says it has no width for the usual one", () => {
    const written: string[] = [];
    const screen = { write: (text: string) => written.push(text), rows: 0, columns: 0 };
    const progress = new LiveProgress(screen, plain, new FakeClock(nowMs));
    progress.show(modelAfter(...updates));
    progress.end();
    expect(written[0]).toBe("✓ pull hello:2 2.0s\n⠋ start web  almost there 2.0s\n· start db\n");
  });

  it("draws over what it drew, again and again, and stops at the end", async () => {
    const clock = new FakeClock(nowMs);
    const written: string[] = [];
    const screen = { write: (text: string) => written.push(text), rows: 24, columns: 80 };
    const taken = () => written.splice(0).join("");
    const progress = new LiveProgress(screen, plain, clock);
    progress.show(modelAfter(...updates.slice(0, 2)));
    expect(taken()).toBe("✓ pull hello:2 2.0s\n· start web\n· start db\n");
    progress.show(modelAfter(...updates));
    expect(taken()).toBe(
      "\u001b[3A\u001b[0J✓ pull hello:2 2.0s\n⠋ start web  almost there 2.0s\n· start db\n",
    );
    await clock.advance(100);
    expect(taken()).toBe(
      "\u001b[3A\u001b[0J✓ pull hello:2 2.0s\n⠙ start web  almost there 2.1s\n· start db\n",
    );
    progress.note("the agent went away");
    expect(taken()).toBe(
      "\u001b[3A\u001b[0Jthe agent went away\n✓ pull hello:2 2.0s\n⠙ start web  almost there 2.1s\n· start db\n",
    );
    progress.end();
    taken();
    await clock.advance(1_000);
    expect(taken()).toBe("");
  });
});

describe("progress off a terminal", () => {
  it("is a line for each step that is over, once", () => {
    const written: string[] = [];
    const progress = new PlainProgress((text) => void written.push(text));
    for (let count = 1; count <= updates.length; count++)
      progress.show(modelAfter(...updates.slice(0, count)));
    const problem = { code: "exited_early", message: "web exited with 1" };
    const failed = modelAfter(...updates, {
      step: { ...planned(2, "web"), state: "STATE_FAILED", startedAt: at(8), finishedAt: at(9), problem },
    });
    progress.show(failed);
    progress.show({ ...failed, operation: { ...failed.operation, state: "reverting" } });
    progress.note("the agent went away");
    progress.end();
    expect(written.join("")).toBe(
      [
        "pull hello:2: done 2.0s",
        "start web: failed 1.0s",
        "it failed; removing what was started",
        "the agent went away",
        "",
      ].join("\n"),
    );
  });

  it("tells why the undoing of a step failed, which nobody else does", () => {
    const written: string[] = [];
    const progress = new PlainProgress((text) => void written.push(text));
    const problem = { code: "exited_early", message: "web exited with 1" };
    const failed = { ...planned(1, "web"), state: "STATE_FAILED" as const, problem };
    const undoing = { ...planned(2, "web"), state: "STATE_FAILED" as const };
    progress.show(
      modelAfter({
        operation: {
          state: "STATE_REVERTING",
          problem,
          steps: [failed, { ...undoing, problem: { code: "runtime_failed", message: "podman fails" } }],
        },
      }),
    );
    expect(written.slice(1)).toEqual(["start web: failed\n", "start web: failed: podman fails\n"]);
  });
});
