import type { PlanReport } from "../reports/service-reports.ts";
import type { Style } from "../terminal/style.ts";
import { aligned, type Cell } from "../terminal/table.ts";
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
          { text: step.instance, paint: style.dim },
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
      : [`${service}: nothing to do`]),
    ...notes.map((note) => `${style.yellow("note:")} ${note}`),
    ...blocked.map((why) => `${style.red("blocked:")} ${why}`),
  ].join("\n");
}
