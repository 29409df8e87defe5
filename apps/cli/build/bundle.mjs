import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { lazyRequires } from "./lazy-requires.mjs";

const app = fileURLToPath(new URL("..", import.meta.url));

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
    alias: { "wsl-utils": join(app, "build/is-wsl.mjs") },
    // Looked for by oclif where it exists, and not needed.
    external: ["typescript", "pnpapi"],
    plugins: [lazyRequires(/@oclif[\\/]core[\\/]lib[\\/].*\.js$/)],
    minify: !process.env.NOMIN,
    keepNames: false,
    charset: "ascii",
    legalComments: "none",
    logLevel: "warning",
  });
  const code = outputFiles[0].contents;
  // The first line names the content, for the code cache of bin/mcp.js; the rest is one function, as that calls it.
  const id = createHash("sha256").update(code).digest("hex").slice(0, 16);
  await mkdir(folder, { recursive: true });
  const head = `//${id}\n(function (exports, require, module, __filename, __dirname, importModule) {`;
  await writeFile(join(folder, "mcp.bundle"), `${head}${Buffer.from(code).toString("latin1")}})`, "latin1");
  return metafile;
}
