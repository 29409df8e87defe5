import { connect } from "@mcp/client";
import { answering, type BenchNode } from "../bench-node.ts";
import type { Measure } from "../measure.ts";
import { median } from "../ratio.ts";

/** From the kill of a container's process until a watcher of events has heard, and the registry and `status` know. */
const killed: Measure = {
  name: "a killed container until registry, status and a watcher know",
  limit: 300,
  unit: "ms",
  async take(node: BenchNode) {
    await node.define("victim", `name = "victim"\n${answering(node.rig, "victim", 26_500)}`);
    await node.mcp("deploy", "victim");
    const client = connect({ address: node.address });
    const taken: number[] = [];
    for (let round = 0; round < 10; round++) {
      const pid = (await client.liveCheck({ service: "victim" })).instances?.[0]?.pid;
      if (!pid) throw new Error("the victim does not run");
      const listening = new AbortController();
      const events = client.watchEvents({ service: "victim" }, { signal: listening.signal });
      const iterator = events[Symbol.asyncIterator]();
      const heard = iterator.next();
      // Until the agent listens.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const began = performance.now();
      process.kill(pid, "SIGKILL");
      await heard;
      const { events: kept } = await client.listEvents({ service: "victim", limit: 1 });
      await client.status({ service: "victim" });
      if (!kept?.length) throw new Error("the registry does not know");
      taken.push(performance.now() - began);
      listening.abort();
      await iterator.return?.();
      // Past the pause between two starts of one instance.
      await new Promise((resolve) => setTimeout(resolve, 6_000));
    }
    client.close();
    await node.mcp("undeploy", "victim");
    return {
      value: median(taken),
      detail: `${Math.min(...taken).toFixed(0)}–${Math.max(...taken).toFixed(0)} ms`,
    };
  },
};

const idleMemory: Measure = {
  name: "agent's memory, idle",
  limit: 80,
  unit: "MiB",
  async take(node) {
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    return { value: await node.agentMemoryMiB(), detail: "resident" };
  },
};

export const agents: readonly Measure[] = [idleMemory, killed];
