import { readFile } from "node:fs/promises";

// `const a_1 = require("a");` at the top of a file, as TypeScript writes it.
const topRequire =
  /^(?:const|let|var) (\w+) = ((?:__importDefault\(|__importStar\()?require\("[^"]+"\)\)?);$/gm;

/**
 * Load what a CommonJS file requires when it is first used and not before. oclif requires its help, its globbing, its
 * spinners and its templates for every command; most commands use none of them, and loading them takes longer than node
 * itself takes to start.
 *
 * @param filter  which files.
 */
export const lazyRequires = (filter) => ({
  name: "lazy-requires",
  setup(build) {
    build.onLoad({ filter }, async ({ path }) => ({
      // What is imported by a name that is known only then is imported by the function that the bundle is given for it.
      contents: requireLazily(await readFile(path, "utf8")).replaceAll(
        /\bawait import\((?!['"])/g,
        "await importModule(",
      ),
      loader: "js",
    }));
  },
});

export function requireLazily(source) {
  const required = [];
  const rest = source.replaceAll(topRequire, (_, name, expression) => {
    required.push({ name, expression });
    return "";
  });
  if (required.length === 0) return source;
  // Getters, so that `new a_1.A()` and `(0, a_1.f)()` still mean the same.
  const getters = required.map(
    ({ name, expression }) => `get ${name}() { return $loaded.${name} ??= ${expression}; }`,
  );
  const used = required.reduce(
    (text, { name }) =>
      text.replaceAll(new RegExp(`(?<![\\w$."'])${name}(?![\\w$"'])`, "g"), `$lazy.${name}`),
    rest,
  );
  return `const $loaded = {}; const $lazy = { ${getters.join(", ")} };\n${used}`;
}
