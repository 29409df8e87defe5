import { readdirSync, readFileSync } from "node:fs";
import { problemCodes } from "@mcp/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { definitions } from "../test/arbitrary.ts";
import { problemOf } from "../test/mistakes.ts";
import { definitionFromJSON, definitionToJSON } from "./json.ts";
import { parseDefinition } from "./parse.ts";

const golden = new URL("../golden/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, golden), "utf8");
const goldenNames = readdirSync(golden).flatMap((name) => name.match(/^(.+)\.toml$/)?.[1] ?? []);

describe("a definition as JSON", () => {
  it("carries a version, and the keys and values of its TOML", () => {
    const json = definitionToJSON({ name: "a", components: [{ name: "a", memoryMiB: 64, graceMs: 90_000 }] });
    expect(json).toEqual({ v: 1, name: "a", components: [{ name: "a", memory: 64, grace: "1m30s" }] });
  });

  it("is the same definition when it is read again", () => {
    fc.assert(
      fc.property(definitions, (definition) => {
        const stored = JSON.parse(JSON.stringify(definitionToJSON(definition)));
        expect(definitionFromJSON(stored)).toStrictEqual(definition);
      }),
      { numRuns: 500 },
    );
  });

  // A rule that comes later must not keep an agent from reading what runs: it needs another version of this form.
  it.each(goldenNames)("is still read as every release has stored it: golden %s", (name) => {
    const definition = parseDefinition(read(`${name}.toml`), { file: name });
    expect(definitionFromJSON(JSON.parse(read(`${name}.json`)))).toStrictEqual(definition);
  });

  it("has only text that a program can be given", () => {
    const stored = { v: 1, name: "a", components: [{ name: "a", cmd: ["\ud800", "\0"] }] };
    expect(problemOf(() => definitionFromJSON(stored)).mistakes).toEqual([
      { key: "components[0].cmd[0]", message: "is not valid Unicode" },
      { key: "components[0].cmd[1]", message: "has a NUL character in it" },
    ]);
  });

  it("of a later version is refused as such", () => {
    const problem = problemOf(() => definitionFromJSON({ v: 2, name: "hello", anything: {} }));
    expect(problem.toJSON()).toEqual({
      code: "database_newer",
      message: 'the stored definition "hello" has version 2, and this mcp reads up to 1',
      hint: "use the version of mcp that stored it, or a later one",
    });
  });

  it("that is damaged is refused with every mistake", () => {
    const problem = problemOf(() =>
      definitionFromJSON({ v: 1, name: "hello", components: [{ nam: "a" }, {}] }),
    );
    expect(problem.code).toBe("definition_invalid");
    expect(problem.message).toBe('the stored definition "hello" has 2 mistakes');
    expect(problem.hint).toContain("deploy the service again from its file");
    expect(problem.mistakes).toEqual([
      { key: "components[0].nam", message: 'unknown key; did you mean "name"?' },
      { key: "components[1].name", message: 'is missing; write it like: name = "api"' },
    ]);
  });

  it("only ever gives a problem, whatever is stored", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, versioned) => {
        const stored = versioned && typeof value === "object" ? { ...value, v: 1 } : value;
        expect(problemCodes).toHaveProperty(problemOf(() => definitionFromJSON(stored)).code);
      }),
    );
    for (const nothing of [undefined, null, 1, "x", [], {}, { v: "1" }, { v: 0 }])
      expect(problemOf(() => definitionFromJSON(nothing)).code).toBe("definition_invalid");
  });
});
