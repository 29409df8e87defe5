import { describe, expect, it } from "vitest";
import { operationReport } from "../reports/operation-report.ts";
import { stepText } from "./step-text.ts";
import { remainsText, undoText } from "./undo-text.ts";

const step = (number: number, action: string, instance: string, state = "STATE_DONE") => ({
  number,
  action,
  component: "web",
  instance,
  state: state as "STATE_DONE",
});
const operation = (...steps: object[]) => operationReport({ service: "hello", steps });

const stopFirst = [step(1, "stop", "old"), step(2, "start", "new", "STATE_FAILED")];
const startFirst = [step(1, "start", "new"), step(2, "stand", "new", "STATE_FAILED")];
const undone = [step(5, "stop", "new"), step(6, "remove", "new")];

describe("what is undone of an operation that failed", () => {
  it("is brought back where it was stopped, also once the undoing has begun", () => {
    for (const steps of [stopFirst, [...stopFirst, ...undone]])
      expect(undoText(operation(...steps))).toBe("it failed; bringing back what ran before");
  });

  it("is removed where nothing was stopped for it, as of a first deploy", () => {
    for (const steps of [startFirst, [...startFirst, ...undone]])
      expect(undoText(operation(...steps))).toBe("it failed; removing what was started");
  });

  it("is nothing where no start was reached", () => {
    const pulled = operation(step(1, "pull", "", "STATE_FAILED"), step(2, "start", "new", "STATE_SKIPPED"));
    expect(undoText(pulled)).toBe("it failed; nothing was started yet");
  });
});

describe("the revision before a failed one", () => {
  it("goes on running only if it was never stopped", () => {
    expect(remainsText(operation(...startFirst, ...undone), 2)).toBe("hello r2 goes on running");
  });

  it("runs again if it was stopped and started", () => {
    const back = operation(...stopFirst, ...undone, step(7, "start", "old"));
    expect(remainsText(back, 2)).toBe("hello r2 runs again");
  });

  it("is not said to run if it did not come back", () => {
    for (const steps of [stopFirst, [...stopFirst, step(5, "start", "old", "STATE_FAILED")]])
      expect(remainsText(operation(...steps), 2)).toBe("hello r2 did not come back: mcp status hello");
  });
});

describe("the last steps", () => {
  const [discard, forget] = operation(
    { action: "discard", subject: "revision 3" },
    { action: "forget" },
  ).steps.map(stepText);

  it("claim no more than they do: both leave the history", () => {
    expect([discard, forget]).toEqual(["reject revision 3", "take the service off the list"]);
  });
});
