import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { lazyRequires } from "./build.lazy-requires.mjs";

const app = dirname(fileURLToPath(import.meta.url));

/**
 * The whole command line as one file. Each command's module, and the client, run only when they are first imported; one
 * file, because finding and reading a dozen takes longer than having V8 skip what it does not need of one.
 *
 * @param folder  where `mcp.bundle` goes.
 * @returns esbuild's account of what went in.
 */
export async function bundle(folder) {
  const { version } = JSON.parse(await readFile(join(app, "package.json"), "utf8"));
  const { outputFiles, metafile } = await build({
    absWorkingDir: app,
    entryPoints: ["src/main.ts"],
    outfile: join(folder, "mcp.bundle"),
    write: false,
    bundle: true,
    metafile: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    conditions: ["@mcp/source", "module"],
    define: { MCP_VERSION: JSON.stringify(version) },
    alias: { "wsl-utils": join(app, "build.is-wsl.mjs") },
    // Looked for by oclif where it exists, and not needed.
    external: ["typescript", "pnpapi"],
    plugins: [lazyRequires(/@oclif[\\/]core[\\/]lib[\\/].*\.js$/)],
    minify: true,
    charset: "ascii",
    legalComments: "none",
    logLevel: "warning",
  });
  const code = asASCII(outputFiles[0].text);
  // The first line names the content, for the code cache of bin/mcp.js; the rest is one function, as that calls it.
  const id = createHash("sha256").update(code).digest("hex").slice(0, 16);
  await mkdir(folder, { recursive: true });
  const head = `//${id}\n(function (exports, require, module, __filename, __dirname, importModule) {`;
  await writeFile(join(folder, "mcp.bundle"), `${head}${code}})`, "latin1");
  await writeFile(join(folder, "licences.txt"), await licencesOf(Object.keys(metafile.inputs)));
  return metafile;
}

/** esbuild escapes what is not ASCII in text, and leaves it in regular expressions. */
const asASCII = (code) =>
  // By UTF-16 units, as escapes are.
  code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** What the authors of bundled packages ask to be passed on. */
async function licencesOf(inputs) {
  const folders = new Set(
    inputs.flatMap((path) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  const texts = await Promise.all(
    [...folders].sort().map(async (path) => {
      const { name, version, license } = JSON.parse(await readFile(join(app, path, "package.json"), "utf8"));
      const file = (await readdir(join(app, path))).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? "" : await readFile(join(app, path, file), "utf8");
      return `${name} ${version}: ${license}\n\n${text.trim()}\n`;
    }),
  );
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}
