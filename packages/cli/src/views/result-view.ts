import { printTarget, type Target } from "../definition/target.ts";
import type { OperationReport } from "../reports/operation-report.ts";
import { between, elapsed } from "../terminal/age.ts";
import type { Style } from "../terminal/style.ts";
import { noteLines } from "./notes-view.ts";

export interface Asked {
  readonly target: Target;
  /** Of the whole service, if all of it was deployed. */
  readonly componentCount?: number;
  /** Its definition says `active = false`. */
  readonly isInactive?: boolean;
}

/** One line: what an operation that succeeded came to. */
export function resultView(
  operation: OperationReport,
  { target, componentCount, isInactive }: Asked,
  style: Style,
): string {
  const { revision, kind, createdAt, finishedAt } = operation;
  const took = between(createdAt, finishedAt);
  const time = took === undefined ? "" : ` in ${elapsed(took)}`;
  const name = [printTarget(target), revision === null ? "" : `r${revision}`].join(" ").trimEnd();
  const notes = noteLines(operation.notes, style)
    .map((line) => `${line}\n`)
    .join("");
  if (isDeploy(kind) || kind === "start" || kind === "restart") {
    const changes = changesText(operation, isInactive ? undefined : componentCount);
    const state = isInactive ? "stopped" : style.green("running");
    if (changes !== undefined) return `${notes}${style.bold(name)} ${state}${changes}${time}`;
    const isAccepted = operation.steps.some(({ action }) => action === "accept");
    return isAccepted
      ? `${notes}${style.bold(name)} is accepted; nothing had to be started or stopped for it`
      : `${notes}${nothingToDo(name)}`;
  }
  if (kind === "stop" && operation.steps.length === 0)
    return `${notes}${name} is stopped already; nothing to do`;
  const outcome = { stop: "stopped", undeploy: "is gone" }[kind] ?? `${kind} done`;
  const left =
    kind === "undeploy"
      ? style.typed(`; revisions are kept as history: mcp service history ${target.service}`)
      : "";
  return `${notes}${style.bold(name)} ${outcome}${time}${left}`;
}

/** Of a plan as of what was carried out. */
export const nothingToDo = (name: string): string => `${name} is as it should be; nothing to do`;

const isDeploy = (kind: string): boolean => kind === "deploy" || kind === "rollback";

/** ` (3 changed, 17 unchanged)`; undefined where nothing was done. */
function changesText(
  { kind, steps }: OperationReport,
  componentCount: number | undefined,
): string | undefined {
  if (!steps.some(({ action }) => action !== "accept")) return undefined;
  if (!isDeploy(kind)) return "";
  const started = new Set(steps.filter(({ action }) => action === "start").map(({ component }) => component));
  const touched = new Set(steps.map(({ component }) => component).filter((component) => component !== ""));
  const removed = [...touched].filter(
    (component) =>
      !started.has(component) &&
      steps.some((step) => step.component === component && step.action === "remove"),
  );
  const counts = [
    [started.size, "changed"],
    [removed.length, "removed"],
    [componentCount === undefined ? 0 : Math.max(0, componentCount - started.size), "unchanged"],
  ] as const;
  const said = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return said.length > 0 ? ` (${said.join(", ")})` : "";
}
