import { connect } from "@mcp/client";
import { run } from "@mcp/host";
import { answering, type BenchNode } from "../bench-node.ts";
import type { Measure } from "../measure.ts";
import { median, ratio, timed } from "../ratio.ts";

const services = Array.from({ length: 10 }, (_, index) => `s${index}`);
let isThere = false;

/** A hundred components, deployed once for all the measures of this file. */
async function hundred(node: BenchNode): Promise<void> {
  if (isThere) return;
  for (const [at, service] of services.entries()) {
    const components = Array.from({ length: 10 }, (_, index) =>
      answering(node.rig, `c${index}`, 25_000 + at * 10 + index),
    );
    await node.define(service, `name = "${service}"\n${components.join("")}`);
    await node.mcp("deploy", service);
  }
  isThere = true;
}

/** It may take as long as `podman ps -a`, or 3.5 times as long as node doing nothing, whichever allows more. */
const ps: Measure = {
  name: "mcp ps with 100 components, over podman ps -a, or over 3.5 × node -e 0",
  limit: 1,
  unit: "×",
  async take(node) {
    await hundred(node);
    const ours = () => timed(() => node.mcp("ps"));
    const overPodman = await ratio(ours, () => timed(() => node.podman("ps", "-a")), 20);
    const overNode = await ratio(ours, () => timed(() => run([process.execPath, "-e", "0"])), 20);
    return {
      value: Math.min(overPodman.ratio, overNode.ratio / 3.5),
      detail: `${overPodman.ratio.toFixed(2)} × podman's ${overPodman.theirsMs.toFixed(0)} ms, ${overNode.ratio.toFixed(2)} × node's ${overNode.theirsMs.toFixed(0)} ms`,
    };
  },
};

const restart: Measure = {
  name: "agent restart with 100 components, until all are known again",
  limit: 1_000,
  unit: "ms",
  async take(node) {
    await hundred(node);
    const taken: number[] = [];
    for (let round = 0; round < 5; round++) {
      await node.killAgent();
      taken.push(
        await timed(async () => {
          await node.startAgent();
          const client = connect({ address: node.address });
          const { services: known } = await client.status({});
          client.close();
          const running = (known ?? []).flatMap(({ components }) =>
            (components ?? []).filter(({ observed }) => observed === "OBSERVED_STATE_RUNNING"),
          );
          if (running.length !== 100) throw new Error(`only ${running.length} are known`);
        }),
      );
    }
    return { value: median(taken), detail: "from the start of its process" };
  },
};

const memory: Measure = {
  name: "agent's memory with 100 components",
  limit: 100,
  unit: "MiB",
  async take(node) {
    await hundred(node);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    return { value: await node.agentMemoryMiB(), detail: "resident" };
  },
};

export const withHundred: readonly Measure[] = [ps, restart, memory];
