import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@mcp/client";
import { expect, it, onTestFinished } from "vitest";
import { spawnAgent } from "./agent-process.ts";

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-agents-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A config by that name, with a socket and a database of these names, and a podman that is not there. */
async function configIn(folder: string, name: string, socket: string, database: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(
    path,
    `[agent]\nnode = "test"\n[server]\nsocket = "${folder}/${socket}"\n[database]\npath = "${folder}/${database}"\n` +
      `[podman]\nsocket = "${folder}/no-podman.sock"\n`,
  );
  return path;
}

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run the agent's program to its end. */
async function run(...argv: string[]): Promise<Ended> {
  const child = spawnAgent(argv);
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const [exitCode] = await once(child, "close");
  return { exitCode: exitCode as number | null, stdout, stderr };
}

/** Resolves when it serves. */
async function serve(config: string): Promise<ChildProcess> {
  const child = spawnAgent(["server", "--config", config]);
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  let log = "";
  child.stdout?.resume();
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      log += chunk;
      if (log.includes('"msg":"serving"')) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the agent ended with ${code}:\n${log}`)));
  });
  return child;
}

async function nameAt(socket: string): Promise<string | undefined> {
  const client = connect({ address: `unix:${socket}` });
  try {
    return (await client.nodeStatus({})).node?.name;
  } finally {
    client.close();
  }
}

it("a second agent on the same database is refused, and told which process holds it", async () => {
  const folder = await newFolder();
  const first = await serve(await configIn(folder, "first.toml", "first.sock", "mcp.db"));
  const second = await run(
    "server",
    "--config",
    await configIn(folder, "second.toml", "second.sock", "mcp.db"),
  );
  expect(second).toMatchObject({
    exitCode: 6,
    stderr: expect.stringContaining(
      `the database ${folder}/mcp.db is in use by another agent, process ${first.pid}`,
    ),
  });
  expect(await readdir(folder)).not.toContain("second.sock");
  expect(await nameAt(join(folder, "first.sock"))).toBe("test");
});

it("a second agent on the same socket is refused before it opens a database, so it cannot migrate one", async () => {
  const folder = await newFolder();
  await serve(await configIn(folder, "first.toml", "agent.sock", "mcp.db"));
  const second = await run(
    "server",
    "--config",
    await configIn(folder, "second.toml", "agent.sock", "other.db"),
  );
  expect(second).toMatchObject({
    exitCode: 6,
    stderr: expect.stringContaining("another program listens on"),
  });
  expect((await readdir(folder)).filter((name) => name.startsWith("other"))).toEqual([]);
});

it("the next agent starts after one that was killed, and after one that was asked to end", async () => {
  const folder = await newFolder();
  const config = await configIn(folder, "agent.toml", "agent.sock", "mcp.db");
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    const agent = await serve(config);
    agent.kill(signal);
    await once(agent, "exit");
  }
  await serve(config);
  expect(await nameAt(join(folder, "agent.sock"))).toBe("test");
});

it("a snapshot can be taken, and a store be accepted, beside a running agent", async () => {
  const folder = await newFolder();
  const config = await configIn(folder, "agent.toml", "agent.sock", "mcp.db");
  await serve(config);
  expect(await run("snapshot", "--config", config, "--to", join(folder, "copy.db"))).toMatchObject({
    exitCode: 0,
    stdout: `${folder}/copy.db\n`,
  });
  expect((await stat(join(folder, "copy.db"))).size).toBeGreaterThan(0);
  const accepted = await run("accept-store", "--config", config);
  expect(accepted).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("podman: not taken:") });
  expect(await nameAt(join(folder, "agent.sock"))).toBe("test");
});

it("the disk of the database is that of its folder", async () => {
  const folder = await newFolder();
  await serve(await configIn(folder, "agent.toml", "agent.sock", "mcp.db"));
  const client = connect({ address: `unix:${folder}/agent.sock` });
  onTestFinished(() => client.close());
  const { node } = await client.nodeStatus({});
  expect(node?.disks?.map(({ path }) => path)).toContain(folder);
});
