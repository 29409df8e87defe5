import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { spawnAgent } from "./agent-process.ts";

/** What mcp-agent prints, and its exit code, in a checkout, where it is typed as a tool. */
async function typed(...argv: readonly string[]): Promise<[string, string, number]> {
  const child = spawnAgent(argv, undefined, { MCP_AGENT_COMMAND: "tools/mcp-agent" });
  const [stdout, stderr, [exit]] = await Promise.all([
    Array.fromAsync(child.stdout ?? []),
    Array.fromAsync(child.stderr ?? []),
    once(child, "close"),
  ]);
  return [Buffer.concat(stdout).toString("utf8"), Buffer.concat(stderr).toString("utf8"), exit];
}

it("names itself as it is typed, in hints and help", async () => {
  const [, hint, exit] = await typed("sevrer");
  expect(hint).toBe("error: there is no command sevrer\n  → see: tools/mcp-agent --help\n");
  expect(exit).toBe(2);
  const [help] = await typed("--help");
  expect(help).toMatch(/^ {2}tools\/mcp-agent server --config FILE /m);
  expect(help).not.toMatch(/^ {2}mcp-agent /m);
});

it("takes what it is typed as for no key of its config", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mcp-typed-"));
  try {
    const config = join(folder, "mcp-agent.toml");
    await writeFile(config, '[agent]\nnode = "test"\n');
    const [, said] = await typed("test-alert", "--config", config);
    expect(said).toContain("alert");
    expect(said).not.toContain("MCP_AGENT_COMMAND");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
