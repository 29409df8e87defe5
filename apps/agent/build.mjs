import { build } from "esbuild";

// One file, so that the agent starts fast and an upgrade replaces it whole. better-sqlite3 stays outside: it loads a
// native binary that lies beside its own sources. So does nodemailer: it costs memory only where mail is sent.
await build({
  entryPoints: ["src/main.ts"],
  outfile: "dist/mcp-agent.js",
  bundle: true,
  platform: "node",
  target: "node22",
  format: "esm",
  conditions: ["@mcp/source", "module"],
  external: ["better-sqlite3", "nodemailer"],
  // Memory: every byte of source stays in it, and so do the calls by which esbuild would keep names that it need not
  // change. Identifiers are left alone, so that a stack can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
  logLevel: "warning",
  // CommonJS dependencies (pino) call require, which an ES module does not have.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
}).catch(() => {
  // esbuild has said what is wrong.
  process.exitCode = 1;
});
