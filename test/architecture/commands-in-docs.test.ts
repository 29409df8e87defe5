import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { files, read, root } from "./tree.ts";

// A plugin's page tells of the commands that the plugin brings: not of ours.
const pages = files.filter((path) =>
  /^(README|ARCHITECTURE|CONTRIBUTING)\.md$|^(docs|examples\/hello)\/.*\.md$/.test(path),
);

interface Typed {
  readonly page: string;
  readonly words: readonly string[];
}

/** What a reader is told to type: lines of `sh` blocks, and commands of ours in running text. */
const typed: Typed[] = pages.flatMap((page) => {
  const text = read(page);
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap((match) =>
    (match[1] ?? "").split("\n"),
  );
  const inline = [
    ...text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/`((?:tools\/\w+|mcp|pnpm) [^`]+)`/g),
  ].map((match) => match[1] ?? "");
  return [...blocks, ...inline]
    .map((line) => line.replace(/^\$ /, "").replace(/\s#.*/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ page, words: line.split(/\s+/) }));
});

const commandFiles = new Set(
  files
    .filter((path) => /^packages\/cli\/src\/commands\/.*(?<!\.test)\.ts$/.test(path))
    .map((path) => path.replace(/^packages\/cli\/src\/commands\//, "").replace(/\.ts$/, "")),
);

/** `mcp service show hello` is `service/show`; `mcp --help` and what oclif itself brings is no file. */
function isCommand([first = "", second = ""]: readonly string[]): boolean {
  return (
    first === "" || first.startsWith("-") || commandFiles.has(first) || commandFiles.has(`${first}/${second}`)
  );
}

const say = ({ page, words }: Typed): string => `${page}: ${words.join(" ")}`;

describe("what the docs tell a reader to type", () => {
  it("is something", () => {
    expect(files).toContain("README.md");
    expect(typed.length).toBeGreaterThan(20);
  });

  it("names tools that are there and can be run", () => {
    const isRunnable = (path: string) => {
      try {
        accessSync(join(root, path), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    };
    const tools = typed.filter(({ words }) => words[0]?.startsWith("tools/"));
    expect(tools.length).toBeGreaterThan(5);
    expect(tools.filter(({ words }) => !isRunnable(words[0] ?? "")).map(say)).toEqual([]);
  });

  it("names commands of mcp that there are", () => {
    const commands = typed.filter(({ words }) => words[0] === "mcp" || words[0] === "tools/mcp");
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter(({ words }) => !isCommand(words.slice(1))).map(say)).toEqual([]);
  });

  it("names commands of mcp that there are, in hints as well", () => {
    const sources = files.filter((path) => /^(packages|apps)\/[^/]+\/src\/.*(?<!\.test)\.ts$/.test(path));
    // A hint says what to type after a colon.
    const hint = /[:;] mcp ([a-z]+)(?: ([a-z]+))?/g;
    const told = sources.flatMap((page) =>
      read(page)
        .split("\n")
        .filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line))
        .flatMap((line) =>
          [...line.matchAll(hint)].map(([, ...words]) => ({ page, words: ["mcp", ...words] })),
        ),
    );
    expect(told.length).toBeGreaterThan(20);
    const unknown = told.filter(({ words }) => !isCommand(words.slice(1)));
    expect(unknown.map(say)).toEqual([]);
  });

  it("names scripts of the workspace that there are", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const known = new Set([...Object.keys(scripts), "install", "pack", "changeset", "vitest", "run"]);
    const unknown = typed
      .filter(({ words }) => words[0] === "pnpm")
      .filter(({ words: [, first = "", second = ""] }) => !known.has(first === "run" ? second : first));
    expect(unknown.map(say)).toEqual([]);
  });
});
