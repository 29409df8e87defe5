import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import { realClock, writeFileAtomic } from "@mcp/host";
import type { Places } from "./places.ts";

/** The agent that was started, told apart from a later process of the same id by the kernel's start time. */
export interface AgentProcess {
  readonly pid: number;
  readonly startTime: string;
  /** Of the program, its config and its environment: another one is started anew. */
  readonly fingerprint: string;
}

const startsWithinMs = 30_000;
const endsWithinMs = 60_000;

export async function findAgent(places: Places): Promise<AgentProcess | undefined> {
  const text = await readFile(places.agentProcess, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as AgentProcess;
  return (await startTimeOf(known.pid)) === known.startTime ? known : undefined;
}

/** What an agent started now would be. */
export async function fingerprintOf(places: Places, env: Readonly<Record<string, string>>): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(env)).update(process.execPath);
  for (const path of [program(places), bundle(places), places.agentConfig]) hash.update(await readFile(path));
  return hash.digest("hex");
}

const program = (places: Places): string => join(places.checkout, "apps/agent/bin/mcp-agent.js");
const bundle = (places: Places): string => join(places.checkout, "apps/agent/dist/mcp-agent.js");

/**
 * Start the agent in a session of its own, so that it outlives the terminal, and wait until it answers.
 * @throws Problem `agent_unreachable` with the end of its log.
 */
export async function startAgent(places: Places, env: Readonly<Record<string, string>>): Promise<void> {
  const log = openSync(places.agentLog, "a", 0o600);
  const child = spawn(program(places), ["server", "--config", places.agentConfig], {
    cwd: places.checkout,
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, ...env },
  });
  closeSync(log);
  const pid = child.pid ?? 0;
  child.unref();
  const startTime = await startTimeOf(pid);
  const fingerprint = await fingerprintOf(places, env);
  if (startTime) await writeFileAtomic(places.agentProcess, JSON.stringify({ pid, startTime, fingerprint }));
  const deadline = realClock.monotonic() + startsWithinMs;
  while (!(await answers(places.socket))) {
    const isAlive = startTime !== undefined && (await startTimeOf(pid)) === startTime;
    if (!isAlive || realClock.monotonic() > deadline) throw await didNotStart(places, isAlive);
    await realClock.sleep(50);
  }
}

/** SIGTERM, and SIGKILL to one that does not end. Workloads go on. */
export async function stopAgent(places: Places, agent: AgentProcess): Promise<void> {
  const isAlive = async () => (await startTimeOf(agent.pid)) === agent.startTime;
  const deadline = realClock.monotonic() + endsWithinMs;
  process.kill(agent.pid, "SIGTERM");
  while (await isAlive()) {
    if (realClock.monotonic() > deadline) process.kill(agent.pid, "SIGKILL");
    await realClock.sleep(50);
  }
  await rm(places.agentProcess, { force: true });
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in brackets may hold anything; the fields after its last bracket are counted from the third.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? undefined : fields[19];
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", () => resolve(false));
  });
}

async function didNotStart(places: Places, isAlive: boolean): Promise<Problem> {
  const log = await readFile(places.agentLog, "utf8").catch(() => "");
  const last = log.trimEnd().split("\n").slice(-10).join("\n");
  const what = isAlive ? `did not answer within ${startsWithinMs / 1000} s` : "ended at once";
  return new Problem("agent_unreachable", `the agent ${what}:\n${last}`, `see all of it: ${places.agentLog}`);
}
