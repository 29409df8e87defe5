import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@mcp/client";
import { expect, it, onTestFinished } from "vitest";
import { spawnAgent } from "./agent-process.ts";

it("SIGUSR1 opens no debugger, and the agent goes on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mcp-signals-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, "agent.toml");
  await writeFile(
    config,
    `[agent]\nnode = "test"\n[server]\nsocket = "${folder}/agent.sock"\n[database]\npath = "${folder}/mcp.db"\n` +
      `[podman]\nsocket = "${folder}/no-podman.sock"\n`,
  );
  const agent = spawnAgent(["server", "--config", config]);
  onTestFinished(async () => {
    agent.kill("SIGKILL");
    await once(agent, "exit");
  });
  let log = "";
  agent.stdout?.resume();
  agent.stderr?.on("data", (chunk) => {
    log += chunk;
  });
  await expect.poll(() => log, { timeout: 20_000 }).toContain('"msg":"serving"');
  agent.kill("SIGUSR1");
  // Node says it within milliseconds, where it does.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(log).not.toContain("Debugger");
  const client = connect({ address: `unix:${folder}/agent.sock` });
  onTestFinished(() => client.close());
  expect((await client.listServices({})).services ?? []).toEqual([]);
}, 40_000);
