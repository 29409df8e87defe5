import { readFile } from "node:fs/promises";
import { connect } from "@mcp/client";
import { answering, type BenchNode } from "../bench-node.ts";
import type { Measure } from "../measure.ts";
import { middle, type Pair, takePairs } from "../pairs.ts";
import { median, timed } from "../ratio.ts";
import { firstAnswer } from "./first-answer.ts";
import { untilKnown } from "./killed.ts";
import { hashingMs, PlainQemus } from "./plain-qemu.ts";
import { cpuMs, startedAt, totalCpuMs } from "./processes.ts";

const firstPort = 27_000;

const answeringVm = (node: BenchNode, name: string, port: number): string =>
  `${answering(node.rig, name, port)}runtime = "microvm"\nmemory = 128\n`;

interface Deployed {
  readonly ms: number;
  /** From the beginning until the last QEMU was started. */
  readonly untilQemuMs: number;
  readonly qemuCpuMs: number;
  readonly agentCpuMs: number;
}

/** Deploy it, and wait for the first answer of each of its ports, as soon as it comes; then undeploy it. */
const deployed =
  (node: BenchNode, service: string, ports: readonly number[], everyMs?: number) =>
  async (): Promise<Deployed> => {
    const began = performance.now();
    const agentBefore = await cpuMs(node.agentPid);
    // Until it answers: that the command still writes down what it did, and ends, is not part of a first byte.
    const deploying = node.mcp("deploy", service);
    const [ms] = await Promise.all([
      timed(() => Promise.all(ports.map((port) => firstAnswer(port, everyMs)))),
      deploying,
    ]);
    const agentCpuMs = (await cpuMs(node.agentPid)) - agentBefore;
    const pids = await pidsOf(node, service);
    const qemuCpuMs = await totalCpuMs(pids);
    const untilQemuMs = Math.max(...(await Promise.all(pids.map(startedAt)))) - began;
    await node.mcp("undeploy", service);
    return { ms, untilQemuMs, qemuCpuMs, agentCpuMs };
  };

async function pidsOf(node: BenchNode, service: string): Promise<readonly number[]> {
  const client = connect({ address: node.address });
  const { instances } = await client.liveCheck({ service });
  client.close();
  return (instances ?? []).map(({ pid }) => pid ?? 0);
}

/** Two boots without KVM differ by more than what is to be measured: so many pairs that their middle is known this exactly. */
const knownToMs = 50;

const aboveQemu: Measure = {
  name: "a microVM from mcp deploy to its first byte, above plain QEMU with the same image, without hashing it",
  limit: 150,
  unit: "ms",
  needs: "vms",
  async take(node) {
    await node.define("vm", `name = "vm"\n${answeringVm(node, "vm", firstPort)}`);
    await node.mcp("deploy", "vm");
    await using plain = await PlainQemus.like(node, "vm");
    await node.mcp("undeploy", "vm");
    const deploy = deployed(node, "vm", [firstPort]);
    const ours = async () => ({ ...(await deploy()), hashing: await hashingMs(node) });
    type Sample = { ms: number; hashing: number; untilQemuMs: number };
    const theirs = async (): Promise<Sample> => ({
      ...(await plain.untilAnswers()),
      hashing: 0,
      untilQemuMs: 0,
    });
    const above = (pairs: readonly Pair<Sample>[]) =>
      middle(pairs.map((pair) => pair.ours.ms - pair.ours.hashing - pair.theirs.ms));
    const enough = (pairs: readonly Pair<Sample>[]): boolean =>
      above(pairs).to - above(pairs).from <= 2 * knownToMs;
    const pairs = await takePairs<Sample>(ours, theirs, { least: 8, most: 24, enough });
    const { median: value, from, to } = above(pairs);
    const all = (of: (pair: Pair<Sample>) => number): string => median(pairs.map(of)).toFixed(0);
    return {
      value,
      detail:
        `${from.toFixed(0)} to ${to.toFixed(0)} ms in 95 of 100 cases, ${pairs.length} pairs; ${all((pair) => pair.ours.ms)} ms, ` +
        `its QEMU begins after ${all((pair) => pair.ours.untilQemuMs)} ms, hashing ${all((pair) => pair.ours.hashing)} ms; plain QEMU ${all((pair) => pair.theirs.ms)} ms`,
    };
  },
};

const killed: Measure = {
  name: "a killed microVM until registry, status and a watcher know",
  limit: 50,
  unit: "ms",
  needs: "vms",
  take: (node) => untilKnown(node, "vm-victim", answeringVm(node, "vm-victim", firstPort + 1), 5),
};

/** Ten guests that boot at once have little time for who asks. */
const tenEveryMs = 100;
const ten = Array.from({ length: 10 }, (_, index) => ({ name: `v${index}`, port: firstPort + 10 + index }));

const together: Measure = {
  name: "ten microVMs deployed together until all answer, over a shell that starts ten QEMUs",
  limit: 1,
  unit: "×",
  needs: "vms",
  async take(node) {
    await node.define(
      "ten",
      `name = "ten"\n${ten.map(({ name, port }) => answeringVm(node, name, port)).join("")}`,
    );
    await node.mcp("deploy", "ten");
    await using plain = await PlainQemus.like(node, "ten");
    await node.mcp("undeploy", "ten");
    const ours = deployed(
      node,
      "ten",
      ten.map(({ port }) => port),
      tenEveryMs,
    );
    let agentCpuMs = 0;
    const pairs = await takePairs(
      async () => {
        const { ms, qemuCpuMs, ...of } = await ours();
        agentCpuMs = of.agentCpuMs;
        return { ms, cpuMs: qemuCpuMs };
      },
      () => plain.untilAnswers(tenEveryMs),
      { least: 3 },
    );
    const ratios = middle(pairs.map((pair) => pair.ours.ms / pair.theirs.ms));
    const all = (of: (pair: (typeof pairs)[number]) => number): string => median(pairs.map(of)).toFixed(0);
    return {
      value: ratios.median,
      detail:
        `${ratios.from.toFixed(2)} to ${ratios.to.toFixed(2)}; ${all(({ ours }) => ours.ms)} ms over ${all(({ theirs }) => theirs.ms)} ms; ` +
        `CPU time of the QEMUs ${all(({ ours }) => ours.cpuMs)} ms over ${all(({ theirs }) => theirs.cpuMs)} ms, of the agent ${agentCpuMs.toFixed(0)} ms`,
    };
  },
};

/** Proportional, in MiB: what is shared with others counts in part. Its keeper, or container monitor, counts too. */
async function hostMemoryMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
  const sizes = await Promise.all(
    [pid, ...(parent > 1 ? [parent] : [])].map(async (each) =>
      Number(/^Pss:\s*(\d+) kB/m.exec(await readFile(`/proc/${each}/smaps_rollup`, "utf8"))?.[1]),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}

interface Lived {
  readonly ms: number;
  readonly memory: number;
}

const besideRounds = 3;

const beside: Measure = {
  name: "host memory of a microVM of 128 MiB, beside the container of the same service",
  unit: "MiB",
  needs: "vms",
  async take(node) {
    const kinds = { vm: firstPort + 2, container: firstPort + 3 } as const;
    const lived = async (kind: keyof typeof kinds): Promise<Lived> => {
      const [service, port] = [`as-${kind}`, kinds[kind]];
      const component = kind === "vm" ? answeringVm(node, service, port) : answering(node.rig, service, port);
      await node.define(service, `name = "${service}"\n${component}`);
      const ms = await timed(() => Promise.all([node.mcp("deploy", service), firstAnswer(port)]));
      const [pid = 0] = await pidsOf(node, service);
      const memory = await hostMemoryMiB(pid);
      await node.mcp("undeploy", service);
      return { ms, memory };
    };
    // The image of the microVM is built before anything counts.
    await lived("vm");
    const pairs = await takePairs(
      () => lived("vm"),
      () => lived("container"),
      { least: besideRounds },
    );
    const all = (of: (pair: Pair<Lived>) => number): string => median(pairs.map(of)).toFixed(0);
    return {
      value: median(pairs.map(({ ours }) => ours.memory)),
      detail:
        `the container ${all(({ theirs }) => theirs.memory)} MiB; deploy to first byte ${all(({ ours }) => ours.ms)} ms, ` +
        `the container ${all(({ theirs }) => theirs.ms)} ms`,
    };
  },
};

export const vms: readonly Measure[] = [aboveQemu, killed, together, beside];
