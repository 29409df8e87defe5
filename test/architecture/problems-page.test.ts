import { problemCodes } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { read } from "./tree.ts";

interface Entry {
  readonly code: string;
  readonly exit: number;
  readonly wire: string;
  readonly says: readonly string[];
}

const entries: Entry[] = read("docs/problems.md")
  .split(/^### /m)
  .slice(1)
  .map((text) => {
    const [, code = "", exit, wire = ""] = /^`(\w+)`\nExit (\d+), `(\w+)`\.\n/.exec(text) ?? [];
    return {
      code,
      exit: Number(exit),
      wire,
      says: [...text.matchAll(/^- \*([\w ]+):\* \S/gm)].map((m) => m[1] ?? ""),
    };
  });

describe("docs/problems.md", () => {
  it("has every code, and no other, each once", () => {
    expect(entries.map(({ code }) => code).sort()).toEqual(Object.keys(problemCodes).sort());
  });

  it("gives each its exit code and its status on the wire", () => {
    const asTable = Object.fromEntries(entries.map(({ code, exit, wire }) => [code, { exit, wire }]));
    expect(asTable).toEqual(problemCodes);
  });

  it("says of each what it means, how it comes about and what to do", () => {
    const silent = entries
      .filter(({ says }) => says.join() !== "Means,Comes about,Do")
      .map(({ code }) => code);
    expect(silent).toEqual([]);
  });
});
