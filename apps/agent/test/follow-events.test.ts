import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type EventJson, followEvents } from "@mcp/client";
import { expect, it, onTestFinished } from "vitest";
import { spawnAgent } from "./agent-process.ts";

it("who follows events misses none and hears none twice, however often the agent is killed or stopped", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mcp-follow-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, "agent.toml");
  const socket = join(folder, "agent.sock");
  await writeFile(
    config,
    `[agent]\nnode = "test"\n[server]\nsocket = "${socket}"\n[database]\npath = "${folder}/mcp.db"\n` +
      `[podman]\nsocket = "${folder}/no-podman.sock"\n` +
      `[vm]\nstate_dir = "${folder}/vm"\nimage_dir = "${folder}/images"\n`,
  );
  let agent = await start(config);
  onTestFinished(() => end(agent, "SIGTERM"));

  const client = connect({ address: `unix:${socket}` });
  const leaving = new AbortController();
  onTestFinished(() => client.close());
  const heard: EventJson[] = [];
  let losses = 0;
  const following = (async () => {
    for await (const followed of followEvents({ client, afterId: 0, signal: leaving.signal }))
      if (followed.type === "event") heard.push(followed.event);
      else losses++;
  })().catch(() => {});
  const starts = () => heard.filter(({ kind }) => kind === "agent_started").length;

  await expect.poll(starts).toBe(1);
  for (const [index, signal] of (["SIGKILL", "SIGTERM", "SIGKILL"] as const).entries()) {
    await end(agent, signal);
    agent = await start(config);
    await expect.poll(starts).toBe(index + 2);
  }
  leaving.abort();
  await following;
  expect(losses).toBe(3);
  expect(heard.filter(({ kind }) => kind === "agent_stopped").length).toBe(1);
  expect(heard.map(({ id }) => Number(id))).toEqual(heard.map((_, index) => index + 1));
});

/** Resolves when it serves. */
async function start(config: string): Promise<ChildProcess> {
  const child = spawnAgent(["server", "--config", config], ["ignore", "ignore", "pipe"]);
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (chunk) => {
      log += chunk;
      if (log.includes('"msg":"serving"')) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the agent ended with ${code}:\n${log}`)));
  });
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = once(child, "exit");
  if (child.kill(signal)) await gone;
}
