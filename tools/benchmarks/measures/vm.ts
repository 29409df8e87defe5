import { readFile } from "node:fs/promises";
import { connect } from "@mcp/client";
import { answering, type BenchNode } from "../bench-node.ts";
import type { Measure } from "../measure.ts";
import { median, type Timed, timed } from "../ratio.ts";
import { firstAnswer } from "./first-answer.ts";
import { untilKnown } from "./killed.ts";
import { hashingMs, PlainQemus } from "./plain-qemu.ts";

const firstPort = 27_000;

const answeringVm = (node: BenchNode, name: string, port: number): string =>
  `${answering(node.rig, name, port)}runtime = "microvm"\nmemory = 128\n`;

/** Deploy it, and wait for the first answer of each of its ports, as soon as it comes; then undeploy it. */
const deployed =
  (node: BenchNode, service: string, ports: readonly number[], everyMs?: number): Timed =>
  async () => {
    const ms = await timed(() =>
      Promise.all([node.mcp("deploy", service), ...ports.map((port) => firstAnswer(port, everyMs))]),
    );
    await node.mcp("undeploy", service);
    return ms;
  };

const aboveQemu: Measure = {
  name: "a microVM from mcp deploy to its first byte, above plain QEMU with the same image, without hashing it",
  limit: 150,
  unit: "ms",
  needsVms: true,
  async take(node) {
    await node.define("vm", `name = "vm"\n${answeringVm(node, "vm", firstPort)}`);
    await node.mcp("deploy", "vm");
    await using plain = await PlainQemus.like(node, "vm");
    await node.mcp("undeploy", "vm");
    const ours = deployed(node, "vm", [firstPort]);
    const taken: { ours: number; theirs: number; hashing: number }[] = [];
    for (let pair = 0; pair < 8; pair++) {
      taken.push({ ours: await ours(), theirs: await plain.untilAnswers(), hashing: await hashingMs(node) });
    }
    const counted = taken.slice(1);
    const all = (of: (pair: (typeof counted)[number]) => number): string =>
      median(counted.map(of)).toFixed(0);
    return {
      value: median(counted.map(({ ours, theirs, hashing }) => ours - theirs - hashing)),
      detail: `${all((pair) => pair.ours)} ms, QEMU ${all((pair) => pair.theirs)} ms, hashing ${all((pair) => pair.hashing)} ms`,
    };
  },
};

const killed: Measure = {
  name: "a killed microVM until registry, status and a watcher know",
  limit: 50,
  unit: "ms",
  needsVms: true,
  take: (node) => untilKnown(node, "vm-victim", answeringVm(node, "vm-victim", firstPort + 1), 5),
};

/** Ten guests that boot at once have little time for who asks. */
const tenEveryMs = 100;
const ten = Array.from({ length: 10 }, (_, index) => ({ name: `v${index}`, port: firstPort + 10 + index }));

const together: Measure = {
  name: "ten microVMs deployed together until all answer, over a shell that starts ten QEMUs",
  limit: 1,
  unit: "×",
  needsVms: true,
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
    const taken: { ours: number; theirs: number }[] = [];
    for (let pair = 0; pair < 3; pair++)
      taken.push({ ours: await ours(), theirs: await plain.untilAnswers(tenEveryMs) });
    const [oursMs, theirsMs] = [
      median(taken.map((pair) => pair.ours)),
      median(taken.map((pair) => pair.theirs)),
    ];
    return {
      value: median(taken.map((pair) => pair.ours / pair.theirs)),
      detail: `${oursMs.toFixed(0)} ms over ${theirsMs.toFixed(0)} ms`,
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

async function memoryOf(node: BenchNode, service: string): Promise<number> {
  const client = connect({ address: node.address });
  const pid = (await client.liveCheck({ service })).instances?.[0]?.pid ?? 0;
  client.close();
  return hostMemoryMiB(pid);
}

const beside: Measure = {
  name: "host memory of a microVM of 128 MiB, beside the container of the same service",
  unit: "MiB",
  needsVms: true,
  async take(node) {
    const measured: { ms: number; memory: number }[] = [];
    for (const [service, component] of [
      ["as-vm", answeringVm(node, "as-vm", firstPort + 2)],
      ["as-container", answering(node.rig, "as-container", firstPort + 3)],
    ] as const) {
      const port = service === "as-vm" ? firstPort + 2 : firstPort + 3;
      await node.define(service, `name = "${service}"\n${component}`);
      const ms = await timed(() => Promise.all([node.mcp("deploy", service), firstAnswer(port)]));
      measured.push({ ms, memory: await memoryOf(node, service) });
      await node.mcp("undeploy", service);
    }
    const [vm, container] = measured;
    return {
      value: vm?.memory ?? Number.NaN,
      detail: `the container ${container?.memory.toFixed(0)} MiB; deploy to first byte ${vm?.ms.toFixed(0)} ms, the container ${container?.ms.toFixed(0)} ms`,
    };
  },
};

export const vms: readonly Measure[] = [aboveQemu, killed, together, beside];
