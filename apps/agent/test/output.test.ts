import { once } from "node:events";
import { open } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { spawnAgent } from "./agent-process.ts";

/** What mcp-agent says on standard error, and its exit code, with one of its outputs sent to a device that is full. */
async function withFull(which: "stdout" | "stderr", ...argv: readonly string[]): Promise<[string, number]> {
  await using full = await open("/dev/full", "w");
  const child = spawnAgent(
    argv,
    which === "stdout" ? ["ignore", full.fd, "pipe"] : ["ignore", "ignore", full.fd],
  );
  const [said, [exit]] = await Promise.all([
    child.stderr ? Array.fromAsync(child.stderr) : [],
    once(child, "close"),
  ]);
  return [Buffer.concat(said).toString("utf8"), exit];
}

describe("output that takes nothing more", () => {
  it.each(["--help", "--version"])("is one line of mcp-agent %s, and an exit code", async (flag) => {
    const line = "error: cannot write to standard output: no space left on device\n";
    expect(await withFull("stdout", flag)).toEqual([line, 6]);
  });

  it("leaves the exit code as it is where it is standard error", async () => {
    expect((await withFull("stderr", "no-such-command"))[1]).toBe(2);
  });

  it("is no stack trace where its reader went away", async () => {
    const child = spawnAgent(["--help"]);
    child.stdout?.destroy();
    const [said, [exit]] = await Promise.all([Array.fromAsync(child.stderr ?? []), once(child, "close")]);
    expect(Buffer.concat(said).toString("utf8")).toBe("");
    expect(exit).toBe(141);
  });
});
