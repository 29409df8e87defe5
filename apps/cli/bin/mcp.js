#!/usr/bin/env node
"use strict";
// In plain CommonJS and one file: as modules these lines would take a quarter of the time a whole command has.
const { closeSync, fstatSync, openSync, readFileSync } = require("node:fs");
const { Script } = require("node:vm");

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(
    `error: mcp needs node 22.12 or newer, and this is ${process.version}\n  → put a newer one first on the PATH: see docs/agent.md`,
  );
  process.exit(1);
}

const root = __dirname.slice(0, -"/bin".length);
const bundle = load(`${root}/dist/mcp.bundle`, process.argv[2]);
bundle.main(process.argv.slice(2), root).then((exitCode) => {
  process.exitCode = exitCode;
  // A word that is no command leaves no code worth keeping.
  if (exitCode !== 2) bundle.keep();
});

/*
 * Node's own compile cache keeps what was compiled when a file was loaded: of a bundle that is next to nothing, since its
 * functions are compiled when they are first called. This one keeps what had been called by the end of the first run, so
 * that the next run has nothing to compile. Measured: `mcp --version` takes 1.42 × bare node, against 1.52 × with node's
 * cache and 2.17 × with none; `mcp --help` 1.50 ×, 1.83 × and 2.31 ×.
 */

/**
 * Load a bundle: a line with `//` and an id of its content, then a CommonJS module as the function node would make of it.
 *
 * @param command  the first word that was typed: each uses other parts of the bundle, and has a cache of its own.
 */
function load(filename, command = "") {
  // The build writes ASCII only, and one byte a character is what V8 reads fastest.
  const source = readFileSync(filename, "latin1");
  const cache = cacheOf(source.slice(2, 18), command);
  const cachedData = readOwn(cache.file);
  const script = new Script(source, { filename, ...(cachedData && { cachedData }) });
  const module = { exports: {} };
  // `require` would look each of node's own modules up as a file's; oclif's way to load a plugin needs the rest of it.
  const find = (id) => process.getBuiltinModule(id) ?? require(id);
  // A script has no import of its own without an experimental part of node; plugins are modules, and need one.
  const importModule = (specifier) => import(specifier);
  const run = script.runInThisContext();
  run(module.exports, Object.assign(find, require), module, filename, `${root}/dist`, importModule);
  const isKept = cachedData !== undefined && !script.cachedDataRejected;
  return {
    main: module.exports.main,
    keep: () => isKept || require("./keep-code.js").keepCode(cache, () => script.createCachedData()),
  };
}

/** V8 compares only the length of a source, so the name has to say which content it belongs to. */
function cacheOf(id, command) {
  const { MCP_CACHE_DIR, XDG_CACHE_HOME, HOME } = process.env;
  const folder = MCP_CACHE_DIR || `${XDG_CACHE_HOME || `${HOME || "/nonexistent"}/.cache`}/mcp`;
  const word = /^[a-z]{2,16}$/.test(command) ? command : "mcp";
  return { folder, id, file: `${folder}/${id}-${process.version}-${process.arch}-${word}.code` };
}

/** Only what nobody else can have written: it is run. */
function readOwn(file) {
  let descriptor;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return undefined;
  }
  try {
    const { uid, mode } = fstatSync(descriptor);
    return uid === process.getuid() && (mode & 0o022) === 0 ? readFileSync(descriptor) : undefined;
  } finally {
    closeSync(descriptor);
  }
}
