import { create, toBinary } from "@bufbuild/protobuf";
import { ProblemDetailSchema } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { problemFromDetail, problemFromWire } from "./problem-from-wire.ts";

const detail = (problem: Parameters<typeof create<typeof ProblemDetailSchema>>[1]) => ({
  type: "mcp.v1.ProblemDetail",
  // Connect leaves the padding away.
  value: Buffer.from(toBinary(ProblemDetailSchema, create(ProblemDetailSchema, problem)))
    .toString("base64")
    .replace(/=+$/, ""),
});

describe("a problem from the wire", () => {
  it("is the one that the agent met", () => {
    const problem = problemFromWire(
      {
        code: "failed_precondition",
        message: "whatever",
        details: [
          { type: "google.rpc.Help", value: "AAAA" },
          detail({ code: "port_taken", message: "host port 80 is held by web", hint: "mcp stop web" }),
        ],
      },
      "deploy",
    );
    expect(problem.toJSON()).toEqual({
      code: "port_taken",
      message: "host port 80 is held by web",
      hint: "mcp stop web",
    });
  });

  it("keeps the mistakes of a definition, with a line where one is known", () => {
    const problem = problemFromWire(
      {
        details: [
          detail({
            code: "definition_invalid",
            message: "hello.toml has 2 mistakes",
            hint: "correct them",
            mistakes: [
              { key: "nam", line: 3, message: "no such key" },
              { key: "components", message: "is missing" },
            ],
          }),
        ],
      },
      "deploy",
    );
    expect(problem.mistakes).toEqual([
      { key: "nam", line: 3, message: "no such key" },
      { key: "components", message: "is missing" },
    ]);
  });

  it("of a newer agent keeps its words", () => {
    const problem = problemFromWire(
      { details: [detail({ code: "moon_phase", message: "the moon is full", hint: "wait" })] },
      "deploy",
    );
    expect(problem).toMatchObject({
      code: "internal",
      message: "the moon is full (moon_phase)",
      hint: "wait",
    });
  });

  it.each([
    ["unimplemented", "not_yet_supported", "this agent cannot do sync yet"],
    ["unavailable", "agent_unreachable", "the agent cannot answer now: said"],
    ["permission_denied", "permission_denied", "the agent does not allow sync: said"],
    ["unauthenticated", "permission_denied", "the agent does not know you: said"],
    ["deadline_exceeded", "timed_out", "the agent took too long over sync: said"],
    ["invalid_argument", "request_invalid", "the agent does not understand sync: said"],
    ["resource_exhausted", "request_invalid", "the agent finds sync too large: said"],
    ["canceled", "agent_unreachable", "the agent broke off sync: said"],
    ["data_loss", "internal", "the agent failed at sync: said"],
    ["constructor", "internal", "the agent failed at sync: said"],
  ])("without a detail, %s is %s", (code, expected, message) => {
    expect(problemFromWire({ code, message: "said" }, "sync")).toMatchObject({
      code: expected,
      message,
    });
  });

  it("inside another message is read the same way", () => {
    const problem = problemFromDetail({
      code: "exited_early",
      message: "web exited with 1",
      hint: "mcp logs web",
    });
    expect(problem).toMatchObject({
      code: "exited_early",
      message: "web exited with 1",
      hint: "mcp logs web",
    });
    expect(problemFromDetail({})).toMatchObject({ code: "internal" });
  });
});
