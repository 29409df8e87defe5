"use strict";
const { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

/** Write compiled code beside its place and rename it; what belongs to other builds goes. Where it cannot be kept, it is done without. */
function keepCode({ folder, file, id }, compiled) {
  try {
    make(dirname(folder));
    make(folder);
    if (statSync(folder).uid !== process.getuid()) return;
    for (const name of readdirSync(folder))
      if (name.endsWith(".code") && !name.startsWith(`${id}-`)) rmSync(join(folder, name));
    const beside = `${file}.${process.pid}`;
    writeFileSync(beside, compiled(), { mode: 0o600, flag: "wx" });
    renameSync(beside, file);
  } catch {
    // A full disk, a home that cannot be written, or another mcp that does the same.
  }
}

/** No more than this: node's way to make a whole path never ends where the kernel makes none, as below /proc. */
function make(folder) {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
}

module.exports = { keepCode };
