import type { CheckReport, DoctorReport } from "../reports/node-reports.ts";
import { eachLine } from "../terminal/one-line.ts";
import type { Style } from "../terminal/style.ts";
import { statePaint } from "./state-paint.ts";

const marks: Readonly<Record<string, string>> = { ok: "✓", warning: "!", failed: "✗" };

/** Each check with what was found and what to type, and a last line that counts what is wrong. */
export function doctorView({ checks }: DoctorReport, style: Style): string {
  const lines = checks.flatMap((check) => checkLines(check, style));
  const failed = checks.filter(({ outcome }) => outcome === "failed").length;
  const warned = checks.filter(({ outcome }) => outcome === "warning").length;
  return [...lines, verdict(failed, warned)].join("\n");
}

function checkLines({ name, outcome, text, hint }: CheckReport, style: Style): string[] {
  const mark = statePaint(outcome, style)(marks[outcome] ?? "?");
  return [
    `${mark} ${name}: ${eachLine(text)}`,
    ...(hint === "" ? [] : [`    ${style.cyan("→")} ${style.typed(hint)}`]),
  ];
}

function verdict(failed: number, warned: number): string {
  if (failed === 0 && warned === 0) return "all is well";
  const parts = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(warned > 0 ? [warned === 1 ? "1 warning" : `${warned} warnings`] : []),
  ];
  return parts.join(", ");
}
