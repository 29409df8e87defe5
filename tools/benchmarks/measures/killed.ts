import { connect } from "@mcp/client";
import type { BenchNode } from "../bench-node.ts";
import type { Taken } from "../measure.ts";
import { median } from "../ratio.ts";

/** From the kill of a workload's process until a watcher of events has heard, and the registry and `status` know. */
export async function untilKnown(
  node: BenchNode,
  service: string,
  components: string,
  rounds: number,
): Promise<Taken> {
  await node.define(service, `name = "${service}"\n${components}`);
  await node.mcp("deploy", service);
  const client = connect({ address: node.address });
  const taken: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const pid = (await client.liveCheck({ service })).instances?.[0]?.pid;
    if (!pid) throw new Error("the victim does not run");
    const listening = new AbortController();
    const events = client.watchEvents({ service }, { signal: listening.signal });
    const iterator = events[Symbol.asyncIterator]();
    const heard = iterator.next();
    // Until the agent listens.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    process.kill(pid, "SIGKILL");
    await heard;
    const { events: kept } = await client.listEvents({ service, limit: 1 });
    await client.status({ service });
    if (!kept?.length) throw new Error("the registry does not know");
    taken.push(performance.now() - began);
    listening.abort();
    await iterator.return?.();
    // Begun anew, or the pauses before its restarts would grow.
    await node.mcp("restart", service);
  }
  client.close();
  await node.mcp("undeploy", service);
  return {
    value: median(taken),
    detail: `${Math.min(...taken).toFixed(0)}–${Math.max(...taken).toFixed(0)} ms`,
  };
}
