import { answering } from "../bench-node.ts";
import type { Measure } from "../measure.ts";
import { untilKnown } from "./killed.ts";

const killed: Measure = {
  name: "a killed container until registry, status and a watcher know",
  limit: 300,
  unit: "ms",
  take: (node) => untilKnown(node, "victim", answering(node.rig, "victim", 26_500), 10),
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
