import { files, type Package, read } from "./tree.ts";

export interface Import {
  readonly file: string;
  readonly line: number;
  /** What is imported: `@mcp/base`, `node:fs`, `./plan.ts`. */
  readonly from: string;
  readonly typesOnly: boolean;
}

// Every import of formatted TypeScript begins its line, or is a call; `[^;"']` keeps a match within one statement.
const importForms =
  /^(?<keyword>import|export)(?<clause>\s[^;"']*?)\sfrom\s+"(?<from>[^"]+)"|^import\s+"(?<effect>[^"]+)"|\bimport\("(?<dynamic>[^"]+)"\)/gm;

export function importsIn(file: string, text: string): Import[] {
  return [...text.matchAll(importForms)].map((match) => {
    const { clause = "", from, effect, dynamic } = match.groups ?? {};
    return {
      file,
      line: text.slice(0, match.index).split("\n").length,
      from: from ?? effect ?? dynamic ?? "",
      typesOnly: /^\s+type\b/.test(clause),
    };
  });
}

const isTest = (path: string): boolean => /\.test\.ts$|\/test\/|\/test-[^/]*\//.test(path);

/** The imports of what a package ships, without those of its tests. */
export const shippedImports = (of: Package): Import[] =>
  files
    .filter((path) => path.startsWith(`${of.folder}/src/`) && path.endsWith(".ts") && !isTest(path))
    .flatMap((path) => importsIn(path, read(path)));

/** `@oclif/core/help` belongs to `@oclif/core`. */
export const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
