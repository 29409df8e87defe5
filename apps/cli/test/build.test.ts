import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { requireLazily } from "../build.lazy-requires.mjs";
import { Cli } from "./cli.ts";

/** What a CommonJS file exports, and what it required by then, in order. */
function run(source: string, modules: Readonly<Record<string, unknown>>) {
  const required: string[] = [];
  const exported: Record<string, unknown> = {};
  const require = (name: string) => {
    required.push(name);
    return modules[name];
  };
  new Function("exports", "require", requireLazily(source))(exported, require);
  return { exported, required };
}

describe("requiring lazily", () => {
  const modules = {
    a: {
      f: () => "called",
      A: class {
        name = "made";
      },
    },
    b: { value: 1 },
  };
  const source = [
    '"use strict";',
    'const a_1 = require("a");',
    'const b_1 = __importStar(require("b"));',
    "function __importStar(module) { return { ...module, all: true }; }",
    "exports.call = () => (0, a_1.f)();",
    "exports.make = () => new a_1.A().name;",
    "exports.read = () => [b_1.value, b_1.all].join();",
    'exports.text = () => "a_1.f";',
  ].join("\n");

  it("loads nothing before it is used, and then once", () => {
    const { exported, required } = run(source, modules);
    expect(required).toEqual([]);
    const call = exported as Record<string, () => unknown>;
    expect([call.call?.(), call.make?.(), call.read?.(), call.text?.()]).toEqual([
      "called",
      "made",
      "1,true",
      "a_1.f",
    ]);
    expect(required).toEqual(["a", "b"]);
  });

  it("leaves alone what requires nothing at its top", () => {
    const other = 'function f() { return require("a"); }';
    expect(requireLazily(other)).toBe(other);
  });
});

describe("the bundle", () => {
  it("is ASCII, which is how it is read, and comes with the licences of what is in it", async () => {
    const cli = await Cli.build();
    onTestFinished(() => cli[Symbol.asyncDispose]());
    const code = await readFile(join(cli.folder, "app/dist/mcp.bundle"));
    expect(code.findIndex((byte) => byte > 127)).toBe(-1);
    expect(code.toString("latin1", 0, 29)).toMatch(/^\/\/[0-9a-f]{16}\n\(function $/);
    const licences = await readFile(join(cli.folder, "app/dist/licences.txt"), "utf8");
    expect(licences).toMatch(/^@oclif\/core \d+\.\d+\.\d+: MIT\n\n[\s\S]*Permission is hereby granted/m);
    expect(licences).toMatch(/^smol-toml \d/m);
  });
});
