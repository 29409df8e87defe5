import { Problem } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { inFile, withAftermath } from "../failure/context.ts";
import { operationReport } from "../reports/operation-report.ts";
import { coloured, plain } from "../terminal/style.ts";
import { problemView } from "./problem-view.ts";

const text = (...lines: string[]) => lines.join("\n");

describe("a problem", () => {
  const options = { style: plain, withCause: false };

  it("says what happened and what to type next", () => {
    const problem = new Problem("port_taken", "host port 80 is held by web", "free it with: mcp stop web");
    expect(problemView(problem, options)).toBe(
      text("error: host port 80 is held by web [port_taken]", "  → free it with: mcp stop web"),
    );
    expect(problemView(problem, { style: coloured, withCause: false })).toBe(
      text(
        "\u001b[31merror:\u001b[39m host port 80 is held by web \u001b[2m[port_taken]\u001b[22m",
        "  \u001b[36m→\u001b[39m free it with: mcp stop web",
      ),
    );
  });

  it("lists mistakes with where they are", () => {
    const mistakes = [
      { key: "nam", line: 3, message: "there is no such key" },
      { key: "components", message: "is missing" },
      { key: "", line: 1, message: "the file is not valid TOML" },
    ];
    const problem = new Problem("definition_invalid", "hello.toml has 3 mistakes", "correct them", {
      mistakes,
    });
    expect(problemView(problem, options)).toBe(
      text(
        "error: hello.toml has 3 mistakes [definition_invalid]",
        "  3: nam: there is no such key",
        "  components: is missing",
        "  1: the file is not valid TOML",
        "  → correct them",
      ),
    );
    expect(problemView(inFile(problem, "hello.toml"), options)).toBe(
      text(
        "error: hello.toml has 3 mistakes [definition_invalid]",
        "  hello.toml:3: nam: there is no such key",
        "  hello.toml: components: is missing",
        "  hello.toml:1: the file is not valid TOML",
        "  → correct them",
      ),
    );
  });

  it.each([
    [2, "  hello r2 goes on running"],
    [null, "  nothing of hello ran before"],
    [undefined, undefined],
  ])("of a deploy shows the last log lines, and what goes on (%s)", (goesOn, line) => {
    const operation = operationReport({ service: "hello", lastLogLines: ["panic: no database", "exit 1"] });
    const problem = new Problem("exited_early", "web exited with 1", "see more: mcp logs hello/web");
    expect(problemView(withAftermath(problem, { operation, goesOn }), options)).toBe(
      text(
        "error: web exited with 1 [exited_early]",
        "  | panic: no database",
        "  | exit 1",
        ...(line === undefined ? [] : [line]),
        "  → see more: mcp logs hello/web",
      ),
    );
  });

  it("shows what a program printed, and made a runtime say, without obeying it", () => {
    const operation = operationReport({ service: "hello", lastLogLines: ["\u001b[2Jgone\rall is well"] });
    const problem = new Problem("runtime_failed", "podman:\nno \u001b]0;x\u0007", "");
    expect(problemView(withAftermath(problem, { operation, goesOn: undefined }), options)).toBe(
      text("error: podman:", "no \\x1b]0;x\\x07 [runtime_failed]", "  | \\x1b[2Jgone\\rall is well"),
    );
  });

  it("that is a bug says how to see its cause, and shows it then", () => {
    const cause = new Error("oops", { cause: "the deepest" });
    cause.stack = "Error: oops\n    at somewhere";
    const problem = new Problem("internal", "something went wrong inside mcp; this is a bug", "see the log", {
      cause,
    });
    expect(problemView(problem, options)).toBe(
      text(
        "error: something went wrong inside mcp; this is a bug [internal]",
        "  → type the same after MCP_DEBUG=1 to see the cause",
      ),
    );
    expect(problemView(problem, { style: plain, withCause: true })).toBe(
      text(
        "error: something went wrong inside mcp; this is a bug [internal]",
        "  → see the log",
        "  cause: Error: oops",
        "    at somewhere",
        "  caused by: the deepest",
      ),
    );
  });
});
