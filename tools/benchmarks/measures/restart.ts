import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@mcp/client";
import { answering, answeringArguments, type BenchNode } from "../bench-node.ts";
import { type Measure, takenRatio } from "../measure.ts";
import { ratio, type Timed, timed } from "../ratio.ts";

const [ourPort, theirPort] = [24_900, 24_901];
const pairs = 11;
const service = "phoenix";

/**
 * Kill a workload's process, and wait until what took its place answers.
 *
 * @param putBack  what it takes to have it back, if it does not come by itself.
 */
async function untilBack(
  pid: number,
  port: number,
  putBack: () => Promise<unknown> = async () => {},
): Promise<number> {
  if (pid <= 1) throw new Error("the victim does not run");
  return timed(async () => {
    process.kill(pid, "SIGKILL");
    // Until nothing of the old one can answer any more.
    while (isAlive(pid)) await sleep(1);
    await putBack();
    await answers(port);
  });
}

/** A request that meets a network which is being taken down hangs for seconds: it is given up, and another one made. */
async function answers(port: number): Promise<void> {
  const giveUp = performance.now() + 60_000;
  for (;;) {
    try {
      await (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(100) })).text();
      return;
    } catch (thrown) {
      if (performance.now() > giveUp) throw thrown;
      await sleep(5);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const pidByHand = async (node: BenchNode): Promise<number> =>
  Number((await node.podman("inspect", "--format", "{{.State.Pid}}", "by-hand")).trim());

/** Killed by the agent's side; begun anew before each, so that every one is a first restart. */
const ours =
  (node: BenchNode): Timed =>
  async () => {
    await node.mcp("restart", service);
    await answers(ourPort);
    const client = connect({ address: node.address });
    try {
      const pid = (await client.liveCheck({ service })).instances?.[0]?.pid ?? 0;
      return await untilBack(pid, ourPort);
    } finally {
      client.close();
    }
  };

async function compare(node: BenchNode, begin: () => Promise<unknown>, theirs: Timed) {
  await node.define(service, `name = "${service}"\n${answering(node.rig, service, ourPort)}`);
  await node.mcp("deploy", service);
  try {
    await begin();
    await answers(theirPort);
    return takenRatio(await ratio(ours(node), theirs, pairs));
  } finally {
    await node.podman("rm", "--force", "--time", "0", "by-hand");
    await node.mcp("undeploy", service);
  }
}

const byHand = (node: BenchNode): string[] => answeringArguments(node.rig, "by-hand", theirPort);

const overStart: Measure = {
  name: "a killed container until it answers again, over podman start by hand",
  limit: 1.2,
  unit: "×",
  take: (node) =>
    compare(
      node,
      () => node.podman("run", "-d", ...byHand(node)),
      async () => {
        await node.podman("kill", "by-hand");
        await node.podman("wait", "by-hand");
        return timed(async () => {
          await node.podman("start", "by-hand");
          await answers(theirPort);
        });
      },
    ),
};

const overPolicy: Measure = {
  name: "a killed container until it answers again, over podman's own --restart always",
  unit: "×",
  take: (node) =>
    compare(
      node,
      () => node.podman("run", "-d", "--restart", "always", ...byHand(node)),
      async () => untilBack(await pidByHand(node), theirPort),
    ),
};

const overKillAndStart: Measure = {
  name: "a killed container until it answers again, over the same kill and podman start by hand at once",
  unit: "×",
  take: (node) =>
    compare(
      node,
      () => node.podman("run", "-d", ...byHand(node)),
      async () => {
        const pid = await pidByHand(node);
        return untilBack(pid, theirPort, () => node.podman("start", "by-hand"));
      },
    ),
};

export const restarts: readonly Measure[] = [overStart, overKillAndStart, overPolicy];
