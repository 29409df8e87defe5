import type { StepReport } from "../reports/operation-report.ts";
import { between, elapsed } from "../terminal/age.ts";
import type { Style } from "../terminal/style.ts";
import { stepText } from "../views/step-text.ts";
import { undoText } from "../views/undo-text.ts";
import type { OperationModel } from "./operation-model.ts";

export interface LinesOptions {
  readonly style: Style;
  readonly nowMs: number;
  /** Most lines to give: those that are done long since give way first. */
  readonly height: number;
  /** Longest line. */
  readonly width: number;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

/** What an operation is at, a line for each step, for a terminal that is drawn again and again. */
export function operationLines(
  { operation, progress }: OperationModel,
  { style, nowMs, height, width }: LinesOptions,
): string[] {
  const heading = operation.state === "reverting" ? [style.yellow(undoText(operation))] : [];
  const steps = operation.steps.filter(({ state }) => state !== "skipped");
  const room = Math.max(1, height - heading.length);
  const shown = steps.slice(firstShown(steps, room));
  return [
    ...heading,
    ...shown
      .slice(0, room)
      .map((step) => stepLine(step, progress.get(step.number) ?? "", { style, nowMs, width })),
  ];
}

/** Far enough down that what is under way can be seen. */
function firstShown(steps: readonly StepReport[], room: number): number {
  if (steps.length <= room) return 0;
  const active = steps.findIndex(({ state }) => state === "running" || state === "planned");
  const wanted = active === -1 ? steps.length : active;
  return Math.min(Math.max(0, wanted - 1), steps.length - room);
}

function stepLine(
  step: StepReport,
  progress: string,
  { style, nowMs, width }: Omit<LinesOptions, "height">,
): string {
  const text = stepText(step);
  const took = between(step.startedAt, step.finishedAt);
  switch (step.state) {
    case "done":
      return `${style.green("✓")} ${cut(text, width - 10)}${took === undefined ? "" : ` ${style.dim(elapsed(took))}`}`;
    case "failed":
      return `${style.red("✗")} ${cut(text, width - 10)}${took === undefined ? "" : ` ${style.dim(elapsed(took))}`}`;
    case "running": {
      const since = step.startedAt === null ? 0 : nowMs - Date.parse(step.startedAt);
      const frame = frames[Math.floor(nowMs / 100) % frames.length] ?? "·";
      const more = progress === "" ? "" : `  ${progress}`;
      return `${style.cyan(frame)} ${cut(text + more, width - 10)} ${style.dim(elapsed(since))}`;
    }
    default:
      return style.dim(`· ${cut(text, width - 2)}`);
  }
}

const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
