import type { InstanceReport, PsReport } from "../reports/status-report.ts";
import { age } from "../terminal/age.ts";
import { bytes } from "../terminal/bytes.ts";
import type { Style } from "../terminal/style.ts";
import { type Cell, table } from "../terminal/table.ts";
import { revisionText, stateCell } from "./state-paint.ts";

export interface PsViewOptions {
  readonly nowMs: number;
  readonly style: Style;
  readonly wide: boolean;
}

export function psView({ instances, problems }: PsReport, { nowMs, style, wide }: PsViewOptions): string {
  // A container is reached at its ports; a virtual machine that has an address, only there.
  const hasVmAddress = instances.some((one) => one.runtime !== "container" && one.address !== "");
  const narrow = hasVmAddress && !wide;
  const header = [
    ...["SERVICE", "COMPONENT", "INSTANCE", "RUNTIME", "STATE", "UPTIME", "PORTS"],
    ...(narrow ? ["ADDRESS"] : []),
  ];
  const more = wide ? ["REVISION", "MEMORY", "CPU", "ADDRESS", "IMAGE"] : [];
  const rows = instances.map((one): Cell[] => [
    one.service,
    one.component,
    one.instance,
    one.runtime,
    stateOf(one, style),
    one.exitCode === null ? age(one.startedAt, nowMs) : "",
    one.ports.join(", "),
    ...(narrow ? [one.runtime === "container" ? "" : one.address] : []),
    ...(wide
      ? [
          revisionText(one.revision),
          one.memoryBytes === null ? "" : bytes(one.memoryBytes),
          one.cpuCores === null ? "" : one.cpuCores.toFixed(2),
          one.address,
          one.image,
        ]
      : []),
  ]);
  const lines = rows.length > 0 ? [table([...header, ...more], rows, style)] : [];
  if (lines.length === 0 && problems.length === 0) lines.push("nothing of mcp runs here");
  return [...lines, ...problems.map((problem) => `${style.yellow("unknown:")} ${problem}`)].join("\n");
}

function stateOf({ state, exitCode }: InstanceReport, style: Style): Cell {
  const { paint } = stateCell(state, style);
  return { text: exitCode === null ? state : `${state} (${exitCode})`, paint };
}
