import type { NodeListReport, NodeReport, PromisedReport, RuntimeReport } from "../reports/node-reports.ts";
import { age } from "../terminal/age.ts";
import { bytes } from "../terminal/bytes.ts";
import type { Style } from "../terminal/style.ts";
import { aligned, type Cell, table } from "../terminal/table.ts";

export const nodeListView = ({ nodes }: NodeListReport, style: Style): string =>
  table(
    ["NODE", "ADDRESS", "DEFAULT"],
    nodes.map(({ name, address, isDefault }) => [name, address, isDefault ? "yes" : ""]),
    style,
  );

export function nodeView(node: NodeReport, nowMs: number, style: Style): string {
  const used = node.memoryTotalBytes - node.memoryAvailableBytes;
  const since = (at: string | null) => age(at, nowMs) || "an unknown time";
  const facts: Cell[][] = [
    ["system", `${node.os}, up ${since(node.bootedAt)}`],
    ["agent", `${node.agentVersion}, up ${since(node.agentStartedAt)}, ${bytes(node.agentMemoryBytes)}`],
    ["cpus", `${node.cpus}, load ${node.load.toFixed(2)}`],
    ["memory", `${bytes(used)} of ${bytes(node.memoryTotalBytes)} used`],
    [
      "services",
      `${node.services}, ${node.running} running ${node.running === 1 ? "instance" : "instances"}`,
    ],
    ...promisedFacts(node.promised),
    ...node.disks.map(({ use, path, totalBytes, availableBytes }): Cell[] => [
      `disk: ${use}`,
      `${bytes(availableBytes)} of ${bytes(totalBytes)} free, ${path}`,
    ]),
  ];
  return [
    style.bold(node.name),
    indented(aligned(facts)),
    ...node.runtimes.map((one) => runtimeText(one, style)),
  ].join("\n");
}

function promisedFacts(promised: PromisedReport | null): Cell[][] {
  if (!promised) return [];
  const { memoryMiB, overheadMiB, memoryTotalMiB, vcpus, vcpusTotal } = promised;
  const memory = overheadMiB > 0 ? `${memoryMiB} + ${overheadMiB} (for QEMU itself)` : memoryMiB;
  const of = `${memory} of ${memoryTotalMiB} MiB of memory, ${vcpus} of ${vcpusTotal} vcpus`;
  return [["promised", `${of}, to virtual machines`]];
}

function runtimeText(runtime: RuntimeReport, style: Style): string {
  const kinds = style.bold(runtime.kinds.join(", "));
  if (!runtime.ok)
    return [`${kinds}  ${style.red("not available")}: ${runtime.why}`, ...hintLine(runtime.hint, style)].join(
      "\n",
    );
  return [
    `${kinds}  ${style.green("ok")}, ${runtime.version}${runtime.store === "" ? "" : `, store ${runtime.store}`}`,
    ...runtime.cannot.map(({ capability, why }) => `  ${style.yellow("cannot")} ${capability}: ${why}`),
    ...runtime.notes.map((note) => `  ${note}`),
  ].join("\n");
}

const hintLine = (hint: string, style: Style): string[] =>
  hint === "" ? [] : [`  ${style.cyan("→")} ${hint}`];

const indented = (text: string): string => text.replaceAll(/^/gm, "  ");
