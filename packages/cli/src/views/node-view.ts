import type { AlertChannelReport } from "../reports/alert-channel-report.ts";
import type {
  NodeListReport,
  NodeReport,
  PromisedReport,
  RuntimeReport,
  TroubleReport,
} from "../reports/node-reports.ts";
import { age } from "../terminal/age.ts";
import { bytes } from "../terminal/bytes.ts";
import type { Style } from "../terminal/style.ts";
import { aligned, type Cell, table } from "../terminal/table.ts";
import { bootLines } from "./boot-view.ts";
import { networkText } from "./network-text.ts";

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
    ["system", `${node.os}, up ${since(node.bootedAt)}, boot ${node.bootId}`],
    ["agent", `${node.agentVersion}, up ${since(node.agentStartedAt)}, ${bytes(node.agentMemoryBytes)}`],
    ["cpus", `${node.cpus}, ${busyText(node.cpuBusy)}load ${loadText(node)}`],
    ["memory", `${bytes(used)} of ${bytes(node.memoryTotalBytes)} used`],
    [
      "services",
      `${node.services}, ${node.running} running ${node.running === 1 ? "instance" : "instances"}`,
    ],
    ...promisedFacts(node.promised),
    ...limitFacts(node.containerLimits),
    ...node.disks.map(({ use, path, totalBytes, availableBytes }): Cell[] => [
      `disk: ${use}`,
      totalBytes === 0
        ? `unknown: it does not answer, ${path}`
        : `${bytes(availableBytes)} of ${bytes(totalBytes)} free, ${fullText(totalBytes, availableBytes)}, ${path}`,
    ]),
    ...(node.network ? [["network", networkText(node.network)]] : []),
    ...node.alertChannels.map((channel): Cell[] => [
      `alerts: ${channel.name}`,
      alertChannelText(channel, since),
    ]),
  ];
  return [
    style.bold(node.name),
    indented(aligned(facts)),
    ...bootLines(node.boot, node.notes, style),
    ...node.troubles.flatMap((trouble) => troubleText(trouble, style)),
    ...node.alertChannels.flatMap((channel) => failureText(channel, style)),
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

function limitFacts(limits: NodeReport["containerLimits"]): Cell[][] {
  if (!limits || limits.limited + limits.unlimited === 0) return [];
  const { memoryMiB, limited, unlimited } = limits;
  const parts = [
    ...(limited > 0 ? [`${limited} limited to ${memoryMiB} MiB of memory together`] : []),
    ...(unlimited > 0 ? [`${unlimited} without a limit of memory`] : []),
  ];
  return [["containers", parts.join(", ")]];
}

const fullText = (total: number, available: number): string =>
  `${Math.floor((1 - available / total) * 100)} % full`;

const busyText = (busy: number | null): string => (busy === null ? "" : `${Math.round(busy * 100)} % busy, `);

const loadText = ({ load, load5m, load15m }: NodeReport): string =>
  `${[load, load5m, load15m].map((each) => each.toFixed(2)).join(", ")} (1, 5, 15 min)`;

function troubleText({ severity, title, text, hint }: TroubleReport, style: Style): string[] {
  const paint = severity === "critical" ? style.red : style.yellow;
  return [`${paint(severity)}  ${title}: ${text}`, ...hintLine(hint, style)];
}

function alertChannelText(channel: AlertChannelReport, since: (at: string) => string): string {
  const { problem, waiting, lost, toldAt } = channel;
  return [
    problem ? "failing" : "ok",
    toldAt === null ? "none told since the agent started" : `the last one told ${since(toldAt)} ago`,
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(lost > 0 ? [`${lost} given up`] : []),
  ].join(", ");
}

const failureText = ({ name, problem }: AlertChannelReport, style: Style): string[] =>
  problem
    ? [`${style.red("failing")}  alerts by ${name}: ${problem.message}`, ...hintLine(problem.hint, style)]
    : [];

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
