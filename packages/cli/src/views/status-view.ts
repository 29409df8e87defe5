import type { ComponentStatusReport, EventReport, StatusReport } from "../reports/status-report.ts";
import { age, timeUntil } from "../terminal/age.ts";
import { bytes } from "../terminal/bytes.ts";
import type { Style } from "../terminal/style.ts";
import { aligned, type Cell, table } from "../terminal/table.ts";
import { bootLines } from "./boot-view.ts";
import { revisionText, stateCell } from "./state-paint.ts";

/** Every component with what is wanted and what is; then what differs and why, and what happened lately. */
export function statusView(report: StatusReport, nowMs: number, style: Style): string {
  const { node, services, recentEvents, unmanaged, strangers, strangerCount } = report;
  const hasVms = services.some(({ components: all }) => all.some(isVm));
  const areOnBridge = services.some(({ components: all }) => all.some(({ address }) => address !== ""));
  const components = services.flatMap(({ service, components: all }) =>
    all.map((component, index): Cell[] => [
      index === 0 ? { text: service.name, paint: style.bold } : service.name,
      revisionText(service.revision),
      component.name,
      stateCell(component.desired, style),
      observedCell(component, style),
      age(component.since, nowMs),
      component.restarts === 0 ? "0" : { text: String(component.restarts), paint: style.yellow },
      ...(hasVms ? usageCells(component) : []),
      ...(areOnBridge ? [component.address] : []),
    ]),
  );
  const underWay = services.filter(({ runningOperation }) => runningOperation !== null);
  const resting = services.filter(({ service }) => service.isInactive && service.desired === "stopped");
  const drift = services.flatMap(({ service, components: all }) =>
    all.flatMap((component) =>
      component.drift.map(({ kind, text }) => [
        `${service.name}/${component.name}`,
        { text: kind.replaceAll("_", " "), paint: style.red },
        component.nextTryAt === null ? text : `${text}; next try ${timeUntil(component.nextTryAt, nowMs)}`,
      ]),
    ),
  );
  // What is unhealthy differs, and says why there.
  const health = services.flatMap(({ service, components: all }) =>
    all.flatMap((component) =>
      component.health && component.observed === "starting"
        ? [[`${service.name}/${component.name}`, component.health.text]]
        : [],
    ),
  );
  const strays = unmanaged.map(({ instance, service, component, state }) => [
    instance,
    stateCell(state, style),
    `labelled ${service}/${component}, but this agent did not start it`,
  ]);
  return [
    ...bootLines(report.boot, report.notes, style),
    components.length > 0
      ? table(
          [...header, ...(hasVms ? ["RUNTIME", "MEMORY", "CPU"] : []), ...(areOnBridge ? ["ADDRESS"] : [])],
          components,
          style,
        )
      : `no services on ${node}`,
    ...underWay.map(
      ({ service, runningOperationKind: kind }) =>
        `${service.name} is being ${kind === "repair" ? "put right by the agent" : "changed"} at this moment`,
    ),
    ...resting.map(
      ({ service: { name } }) =>
        `${name} is stopped by its definition (active = false); start it with: ${style.typed(`mcp start ${name}`)}`,
    ),
    ...section("differs", drift, style),
    ...section("not healthy yet", health, style),
    ...section("unmanaged", strays, style),
    ...section("not ours, and never touched", strangerRows(strangers, strangerCount, style), style),
    ...section(
      "recent events",
      recentEvents.map((event) => eventRow(event, nowMs, style)),
      style,
    ),
  ].join("\n");
}

const header = ["SERVICE", "REVISION", "COMPONENT", "WANTED", "IS", "SINCE", "RESTARTS"];

const isVm = ({ runtime }: ComponentStatusReport): boolean => runtime !== "" && runtime !== "container";

const usageCells = ({ runtime, memoryBytes, cpuCores }: ComponentStatusReport): Cell[] => [
  runtime,
  memoryBytes === null ? "" : bytes(memoryBytes),
  cpuCores === null ? "" : cpuCores.toFixed(2),
];

function strangerRows(
  strangers: StatusReport["strangers"],
  count: number,
  style: Style,
): (readonly Cell[])[] {
  const rows = strangers.map(({ name, what, state, image }) => [
    name,
    stateCell(state, style),
    image === "" ? what : `${what} of ${image}`,
  ]);
  const more = count - strangers.length;
  return more > 0 ? [...rows, [`and ${more} more`]] : rows;
}

function observedCell({ observed, lastExitCode }: ComponentStatusReport, style: Style): Cell {
  const { paint } = stateCell(observed, style);
  return {
    text:
      ["exited", "crash-looping"].includes(observed) && lastExitCode !== null
        ? `${observed} (${lastExitCode})`
        : observed,
    paint,
  };
}

function eventRow({ at, service, component, text, kind }: EventReport, nowMs: number, style: Style): Cell[] {
  const where = component === "" ? service : `${service}/${component}`;
  return [{ text: age(at, nowMs), paint: style.dim }, where, text === "" ? kind : text];
}

function section(title: string, rows: readonly (readonly Cell[])[], style: Style): string[] {
  if (rows.length === 0) return [];
  const body = aligned(rows)
    .split("\n")
    .map((line) => `  ${line}`);
  return ["", style.dim(title), ...body];
}
