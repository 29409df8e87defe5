#!/usr/bin/env -S node --max-semi-space-size=1 --max-old-space-size=512
// The flags: an agent idles most of its life, and a young generation of 1 MiB instead of 16 keeps it small; what large
// requests leave behind is collected before it amounts to half a GiB, of which a thousand components need a tenth.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(
    `error: mcp-agent needs node 22.12 or newer, and this is ${process.version}\n  → put a newer one first on the PATH: see docs/agent.md`,
  );
  process.exitCode = 1;
} else {
  // Only now: an older node may not even be able to read it.
  const { main } = await import("../dist/mcp-agent.js");
  process.exitCode = await main(process.argv.slice(2), process.env);
}
