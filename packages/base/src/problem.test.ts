import { describe, expect, it } from "vitest";
import { asProblem, isProblem, isProblemCode, Problem, problemFromJSON } from "./problem.ts";
import { exitCodeOf, problemCodes } from "./problem-codes.ts";

const portTaken = () =>
  new Problem("port_taken", "host port 80 is held by web", "free it with: mcp stop web");

/** What another copy of this package, in a plugin say, would throw. */
class ForeignProblem extends Error {
  readonly code = "port_taken";
  readonly hint = "free it with: mcp stop web";
  readonly mistakes = [];
  constructor() {
    super("host port 80 is held by web");
    Object.defineProperty(this, Symbol.for("mcp.problem"), { value: true });
  }
}

describe("a problem", () => {
  it("says what happened and what to type, and keeps its cause", () => {
    const cause = new Error("EADDRINUSE");
    const problem = new Problem("port_taken", "host port 80 is held", "pick another", { cause });
    expect(problem).toMatchObject({
      name: "Problem",
      code: "port_taken",
      hint: "pick another",
      mistakes: [],
      cause,
    });
    expect(problem).toBeInstanceOf(Error);
    expect(problem.stack).toContain("host port 80 is held");
    expect("cause" in portTaken()).toBe(false);
  });

  it("is known by its brand, also when another copy of the class made it", () => {
    const foreign = new ForeignProblem();
    expect(foreign).not.toBeInstanceOf(Problem);
    expect(isProblem(foreign)).toBe(true);
    expect(asProblem(foreign)).toBe(foreign);
    expect(isProblem(portTaken())).toBe(true);
  });

  it("is known by another real copy of this module, and the other way round", async () => {
    const copy = (await import(
      /* @vite-ignore */ `${import.meta.url}/../problem.ts?copy`
    )) as typeof import("./problem.ts");
    expect(copy.Problem).not.toBe(Problem);
    expect(copy.isProblem(portTaken())).toBe(true);
    expect(isProblem(new copy.Problem("usage", "no such flag", "see --help"))).toBe(true);
  });

  it("is nothing else that can be thrown", () => {
    for (const thrown of [
      new Error("no"),
      { code: "port_taken", message: "", hint: "" },
      "port_taken",
      null,
      undefined,
      0,
    ])
      expect(isProblem(thrown)).toBe(false);
  });

  it("hides its brand from whoever lists its keys", () => {
    expect(Reflect.ownKeys({ ...portTaken() }).sort()).toEqual(["code", "hint", "mistakes", "name"]);
  });
});

describe("anything else that is thrown", () => {
  it("is a bug, with what was thrown as its cause and not in its words", () => {
    const bug = asProblem(new TypeError("secret is not a function"));
    expect(bug).toMatchObject({ code: "internal", cause: { message: "secret is not a function" } });
    expect(JSON.stringify(bug)).not.toContain("secret");
    expect(asProblem(undefined)).toMatchObject({ code: "internal" });
  });
});

describe("a problem as JSON", () => {
  const mistakes = [{ key: "components[0].ports[1]", line: 7, message: "is 70000; a port is at most 65535" }];

  it("comes back as it was", () => {
    for (const problem of [
      portTaken(),
      new Problem("definition_invalid", "1 mistake in hello.toml", "mend it", { mistakes }),
    ]) {
      const json = JSON.parse(JSON.stringify(problem));
      expect(problemFromJSON(json)).toEqual(problem);
      expect(JSON.stringify(problemFromJSON(json))).toBe(JSON.stringify(problem));
    }
  });

  it("leaves out mistakes where there are none", () => {
    expect(Object.keys(portTaken().toJSON())).toEqual(["code", "message", "hint"]);
  });

  it("keeps the words of a code that only a newer peer knows", () => {
    const problem = problemFromJSON({
      code: "quota_exceeded",
      message: "too much memory",
      hint: "stop something",
    });
    expect(problem).toMatchObject({
      code: "internal",
      message: "too much memory (quota_exceeded)",
      hint: "stop something",
    });
  });
});

describe("the problem codes", () => {
  it("do not include what every object has", () => {
    expect(isProblemCode("port_taken")).toBe(true);
    for (const name of ["toString", "constructor", "__proto__", ""]) expect(isProblemCode(name)).toBe(false);
  });

  it("give every failure an exit code that its reader can tell from success", () => {
    for (const code of Object.keys(problemCodes) as (keyof typeof problemCodes)[]) {
      expect(exitCodeOf(code)).toBeGreaterThanOrEqual(1);
      expect(exitCodeOf(code)).toBeLessThanOrEqual(8);
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    }
    expect(exitCodeOf("usage")).toBe(2);
    expect(exitCodeOf("exited_early")).toBe(5);
  });
});
