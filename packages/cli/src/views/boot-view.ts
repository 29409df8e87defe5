import type { BootReport } from "../reports/boot-report.ts";
import { oneLine } from "../terminal/one-line.ts";
import type { Style } from "../terminal/style.ts";

/** The stage of the boot sequence that is under way, if one is, and what of its config does not agree with the node. */
export function bootLines(boot: BootReport | null, notes: readonly string[], style: Style): string[] {
  return [
    ...(boot ? [`${style.yellow("boot")}: ${stageText(boot, style)}`] : []),
    ...notes.map((note) => `${style.yellow("note")}: ${oneLine(note)}`),
  ];
}

function stageText({ stage, number, stages, waitingFor, late }: BootReport, style: Style): string {
  const what = `stage ${number} of ${stages} "${stage}"`;
  const waits = waitingFor.length === 0 ? "" : `: waiting for ${oneLine(waitingFor.join(", "))}`;
  return `${what}${waits}${late ? `, and ${style.red("blocked")} by that` : ""}`;
}
