import { builtinModules } from "node:module";
import { describe, expect, it } from "vitest";
import { mayUse, never, pure, typesOnly } from "./direction.ts";
import { type Import, importsIn, packageOf, shippedImports } from "./imports.ts";
import { type Package, packages } from "./tree.ts";

const shortOf = (name: string): string | undefined => packages.find((p) => p.manifest.name === name)?.short;
const isApp = (p: Package): boolean => p.folder.startsWith("apps/");
const at = ({ file, line, from }: Import): string => `${file}:${line} imports ${from}`;

const imports = new Map(packages.map((p) => [p.short, shippedImports(p)]));
const importsOf = (p: Package): Import[] => imports.get(p.short) ?? [];

/** The workspace packages that one uses, with where that is said: by its manifest and by its sources. */
function uses(p: Package): Map<string, string> {
  const used = new Map<string, string>();
  for (const name of Object.keys({ ...p.manifest.dependencies, ...p.manifest.peerDependencies })) {
    const short = shortOf(name);
    if (short) used.set(short, `${p.folder}/package.json depends on ${name}`);
  }
  for (const one of importsOf(p)) {
    const short = shortOf(packageOf(one.from));
    if (short && short !== p.short) used.set(short, at(one));
  }
  return used;
}

describe("the dependency direction", () => {
  it("is drawn for every package there is", () => {
    expect(packages.filter((p) => !isApp(p) && !mayUse[p.short]).map((p) => p.folder)).toEqual([]);
    expect(packages.filter((p) => importsOf(p).length > 0).length).toBeGreaterThan(5);
  });

  it("lets each package use only what the design draws", () => {
    const wrong = packages
      .filter((p) => !isApp(p))
      .flatMap((p) =>
        [...uses(p)]
          .filter(([used]) => used !== "base" && !mayUse[p.short]?.includes(used))
          .map(
            ([, where]) =>
              `${where}: ${p.short} may use only ${["base", ...(mayUse[p.short] ?? [])].join(", ")}`,
          ),
      );
    expect(wrong).toEqual([]);
  });

  it("keeps apart what must not be reached, by any path", () => {
    const graph = new Map(packages.map((p) => [p.short, uses(p)]));
    const wrong = never.flatMap(({ from, to, because }) =>
      from.flatMap((start) =>
        pathsFrom(start, graph)
          .filter(({ end }) => to.includes(end))
          .map(({ steps }) => `${steps.join("; ")} — not allowed: ${because}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it("lets some use types alone", () => {
    const wrong = packages.flatMap((p) =>
      importsOf(p)
        .filter((one) => typesOnly[p.short]?.includes(shortOf(packageOf(one.from)) ?? "") && !one.typesOnly)
        .map((one) => `${at(one)} as a value: ${p.short} may use its types only, to stay pure`),
    );
    expect(wrong).toEqual([]);
  });

  it("keeps the pure packages off the machine", () => {
    const isBuiltin = (name: string) => name.startsWith("node:") || builtinModules.includes(name);
    const wrong = packages
      .filter((p) => pure.includes(p.short))
      .flatMap((p) => importsOf(p).filter((one) => isBuiltin(one.from)))
      .map(
        (one) => `${at(one)} — not allowed: a pure package is tested without a machine, and runs anywhere`,
      );
    expect(wrong).toEqual([]);
  });

  it("lets no package reach into another's files", () => {
    const wrong = packages.flatMap((p) =>
      importsOf(p)
        .filter(({ file, from }) => from.startsWith(".") && !resolve(file, from).startsWith(`${p.folder}/`))
        .map((one) => `${at(one)}: import the package by its name`),
    );
    expect(wrong).toEqual([]);
  });

  it("ships nothing that only development has", () => {
    const wrong = packages
      // An app is one bundled file: what is bundled is needed only to build it.
      .filter((p) => !isApp(p))
      .flatMap((p) => {
        const declared = { ...p.manifest.dependencies, ...p.manifest.peerDependencies };
        return importsOf(p)
          .filter(({ from }) => !/^(\.|node:)/.test(from))
          .filter(({ from }) => packageOf(from) !== p.manifest.name && !declared[packageOf(from)])
          .map((one) => `${at(one)}, which ${p.folder}/package.json does not have among its dependencies`);
      });
    expect(wrong).toEqual([]);
  });

  it("declares no dependency that nothing uses", () => {
    const unused = packages
      .filter((p) => !isApp(p) && importsOf(p).length > 0)
      .flatMap((p) => {
        const used = new Set(importsOf(p).map(({ from }) => packageOf(from)));
        const idle = Object.keys(p.manifest.dependencies ?? {}).filter((name) => !used.has(name));
        return idle.map((name) => `${p.folder} does not use ${name}`);
      });
    expect(unused).toEqual([]);
  });
});

describe("finding imports", () => {
  it("sees every form, with its line", () => {
    const text = [
      'import { a } from "@mcp/base";',
      "import {",
      "  b,",
      '} from "./b.ts";',
      'import type { C } from "node:fs";',
      'export * from "c/d";',
      'import "effect";',
      'const lazy = () => import("lazy");',
      "export const from = 1;",
    ].join("\n");
    expect(importsIn("x.ts", text).map(({ line, from, typesOnly: only }) => [line, from, only])).toEqual([
      [1, "@mcp/base", false],
      [2, "./b.ts", false],
      [5, "node:fs", true],
      [6, "c/d", false],
      [7, "effect", false],
      [8, "lazy", false],
    ]);
  });
});

interface Path {
  readonly end: string;
  readonly steps: readonly string[];
}

/** The shortest way from one package to each that it reaches, with what makes each step. */
function pathsFrom(start: string, graph: ReadonlyMap<string, ReadonlyMap<string, string>>): Path[] {
  const found: Path[] = [{ end: start, steps: [] }];
  for (const { end, steps } of found) {
    for (const [next, where] of graph.get(end) ?? []) {
      if (!found.some((path) => path.end === next)) found.push({ end: next, steps: [...steps, where] });
    }
  }
  return found.slice(1);
}

const resolve = (file: string, relative: string): string =>
  new URL(relative, `file:///${file}`).pathname.replace(/^\//, "");
