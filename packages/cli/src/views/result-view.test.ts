import { describe, expect, it } from "vitest";
import { operationReport } from "../reports/operation-report.ts";
import { plain } from "../terminal/style.ts";
import { resultView } from "./result-view.ts";

const text = (...lines: string[]) => lines.join("\n");

describe("what an operation came to", () => {
  const operation = (kind: string, steps: object[], more = {}) =>
    operationReport({
      service: "hello",
      kind,
      state: "STATE_SUCCEEDED",
      revision: "3",
      createdAt: "2026-01-02T11:00:00Z",
      finishedAt: "2026-01-02T11:00:01.240Z",
      steps,
      ...more,
    });
  const target = { service: "hello" };
  const start = (component: string) => ({ action: "start", component });

  it.each([
    [
      "deploy",
      [start("a"), start("b"), start("c"), { action: "accept" }],
      20,
      "hello r3 running (3 changed, 17 unchanged) in 1.2s",
    ],
    ["deploy", [start("a"), { action: "accept" }], undefined, "hello r3 running (1 changed) in 1.2s"],
    ["deploy", [start("a"), { action: "remove", component: "a" }], 1, "hello r3 running (1 changed) in 1.2s"],
    [
      "deploy",
      [
        { action: "stop", component: "old" },
        { action: "remove", component: "old" },
      ],
      2,
      "hello r3 running (1 removed, 2 unchanged) in 1.2s",
    ],
    ["deploy", [], 20, "hello r3 is as it should be; nothing to do"],
    ["rollback", [start("a")], undefined, "hello r3 running (1 changed) in 1.2s"],
    ["start", [start("a")], undefined, "hello r3 running in 1.2s"],
    ["restart", [start("a")], undefined, "hello r3 running in 1.2s"],
    ["stop", [], undefined, "hello r3 is stopped already; nothing to do"],
    ["stop", [{ action: "stop", component: "a" }], undefined, "hello r3 stopped in 1.2s"],
    [
      "undeploy",
      [{ action: "stop", component: "a" }],
      undefined,
      "hello r3 is gone in 1.2s; revisions are kept as history: mcp service history hello",
    ],
  ])("%s %#", (kind, steps, count, line) => {
    expect(
      resultView(
        operation(kind, steps),
        { target, ...(count !== undefined && { componentCount: count }) },
        plain,
      ),
    ).toBe(line);
  });

  it("names the component where only that was meant", () => {
    const stopped = operation("stop", [{ action: "stop", component: "a" }], { revision: undefined });
    expect(resultView(stopped, { target: { service: "hello", component: "a" } }, plain)).toBe(
      "hello/a stopped in 1.2s",
    );
  });

  it("comes after what the operator should know", () => {
    const report = operation("deploy", [start("a")], {
      notes: ["the registry cannot be reached"],
      revision: undefined,
    });
    expect(resultView(report, { target, componentCount: 1 }, plain)).toBe(
      text("note: the registry cannot be reached", "hello running (1 changed) in 1.2s"),
    );
  });

  it("says so when a revision was accepted and nothing had to move", () => {
    const accepted = operation("deploy", [{ action: "accept" }]);
    expect(resultView(accepted, { target }, plain)).toBe(
      "hello r3 is accepted; nothing had to be started or stopped for it",
    );
  });

  it("does not call running what its definition wants stopped", () => {
    const stopped = operation("deploy", [{ action: "stop", component: "a" }, { action: "accept" }]);
    expect(resultView(stopped, { target, componentCount: 2, isInactive: true }, plain)).toBe(
      "hello r3 stopped in 1.2s",
    );
  });
});
