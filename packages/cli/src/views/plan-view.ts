import type { StepReport } from "../reports/operation-report.ts";
import type { PlanReport } from "../reports/service-reports.ts";
import type { Style } from "../terminal/style.ts";
import { aligned, type Cell } from "../terminal/table.ts";
import { noteLines } from "./notes-view.ts";
import { nothingToDo } from "./result-view.ts";
import { stepText } from "./step-text.ts";

/** Each step with its reason, in order; `isVerbose` adds instances and what each waits for. */
export function planView(
  { service, steps, notes, blocked }: PlanReport,
  style: Style,
  isVerbose: boolean,
): string {
  const rows = steps.map((step): Cell[] => [
    { text: `${step.number}.`, paint: style.dim },
    { text: stepText(step), paint: style.bold },
    step.reason,
    ...(isVerbose
      ? [
          { text: knownInstance(step), paint: style.dim },
          { text: step.after.length > 0 ? `after ${step.after.join(", ")}` : "", paint: style.dim },
        ]
      : []),
  ]);
  const indented = aligned(rows)
    .split("\n")
    .map((line) => `  ${line}`);
  return [
    ...(steps.length > 0
      ? [`${service}: ${steps.length === 1 ? "1 step" : `${steps.length} steps`}`, ...indented]
      : [blocked.length > 0 ? `${service}: nothing can be done now` : nothingToDo(service)]),
    ...noteLines(notes, style),
    ...blocked.map((why) => `${style.red("blocked:")} ${why}`),
  ].join("\n");
}

/** What would be started gets its name when it is; the one in a plan is never used. */
const knownInstance = ({ action, instance }: StepReport): string =>
  action === "stop" || action === "remove" ? instance : "";
