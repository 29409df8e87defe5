import { describe, expect, it } from "vitest";
import { files, packages, read, sources } from "./tree.ts";

const thisFile = "test/architecture/tree.test.ts";
const texts = files.filter((path) => path !== thisFile && !/\.(png|svg|ico|gz|tar|ELF)$/.test(path));

/** `path:line: what` for each line of the tree that a pattern finds. */
function findLines(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [],
      ),
  );
}

describe("the tree", () => {
  it("has files that can be read at a sitting: at most 300 lines", () => {
    const long = sources
      .map((path) => ({ path, lines: read(path).split("\n").length - 1 }))
      .filter(({ lines }) => lines > 300)
      .map(({ path, lines }) => `${path} has ${lines} lines: split it by concern`);
    expect(sources.length).toBeGreaterThan(100);
    expect(long).toEqual([]);
  });

  it("has names that say something", () => {
    const empty = files.filter((path) =>
      /(^|[/.-])(utils?|helpers?|misc|common|stuff|manager)([/.-]|$)/i.test(path),
    );
    expect(empty).toEqual([]);
  });

  it("leaves nothing to be done later, and no test switched off", () => {
    const pattern = /\b(TODO|FIXME|XXX)\b|\b(it|test|describe)\.(skip|only|todo|fails)\(/;
    expect(findLines(sources, pattern).filter((line) => !line.startsWith(thisFile))).toEqual([]);
  });

  it("names no host that packages come from: that is each machine's own affair", () => {
    const hosts =
      /registry\.(npmjs|yarnpkg|npmmirror)\.|\bnpmjs\.org|(deb|security|archive)\.debian\.org|archive\.ubuntu\.com/;
    expect(findLines(texts, hosts)).toEqual([]);
  });

  it("holds no path of the machine it was written on", () => {
    expect(findLines(texts, /\/work\/(main|shared)|\/tmp\/w\b/)).toEqual([]);
  });

  it("says its licence in every manifest", () => {
    const without = files
      .filter((path) => path.endsWith("package.json"))
      .filter((path) => (JSON.parse(read(path)) as { license?: string }).license !== "Apache-2.0");
    expect(without).toEqual([]);
  });

  it("has a README in every package", () => {
    const without = packages
      .map(({ folder }) => `${folder}/README.md`)
      .filter((path) => !files.includes(path));
    expect(without).toEqual([]);
  });
});
