import type { EventReport } from "../reports/status-report.ts";
import { oneLine } from "../terminal/one-line.ts";
import type { Paint, Style } from "../terminal/style.ts";

/** What makes an event a line: time, what it is about, kind and text. Columns grow with what comes. */
export function eventView(
  style: Style,
  expected: readonly EventReport[] = [],
): (event: EventReport) => string {
  let whereWidth = 0;
  let kindWidth = 0;
  const fit = (event: EventReport): void => {
    whereWidth = Math.max(whereWidth, whereOf(event).length);
    kindWidth = Math.max(kindWidth, kindOf(event).length);
  };
  for (const event of expected) fit(event);
  return (event) => {
    fit(event);
    const { at, kind, text } = event;
    const time = oneLine(at ?? "").replace(/\.\d+Z$/, "Z");
    return [
      style.dim(time.padEnd("2026-01-31T12:00:00Z".length)),
      whereOf(event).padEnd(whereWidth),
      kindPaint(kind, style)(kindOf(event).padEnd(kindWidth)),
      oneLine(text),
    ].join("  ");
  };
}

/** With the drift that was found, if it tells of any. */
const kindOf = ({ kind, drift }: EventReport): string => oneLine(drift === "" ? kind : `${kind}: ${drift}`);

/** `-` is the node. */
function whereOf({ service, component }: EventReport): string {
  if (service === "") return "-";
  return oneLine(component === "" ? service : `${service}/${component}`);
}

function kindPaint(kind: string, style: Style): Paint {
  switch (kind) {
    case "deployed":
    case "recovered":
    case "boot_done":
    case "runtime_back":
    case "alerts_back":
      return style.green;
    case "deploy_failed":
    case "operation_failed":
    case "repair_failed":
    case "crash_loop":
    case "runtime_lost":
    case "alerts_failing":
    case "network_failed":
      return style.red;
    case "observed":
    case "restarted":
    case "network_repaired":
    case "alert":
      return style.yellow;
    default:
      return (text) => text;
  }
}
