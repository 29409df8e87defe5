import type { Problem } from "@mcp/base";
import { aftermathOf, fileOf } from "../failure/context.ts";
import { eachLine, oneLine } from "../terminal/one-line.ts";
import type { Style } from "../terminal/style.ts";
import { remainsText } from "./undo-text.ts";

export interface ProblemViewOptions {
  readonly style: Style;
  /** Show what caused it, for whoever looks for a bug. */
  readonly withCause: boolean;
}

/** What happened, where, and what to type next. */
export function problemView(problem: Problem, { style, withCause }: ProblemViewOptions): string {
  const { code, message, mistakes, cause } = problem;
  const file = fileOf(problem);
  return [
    `${style.red("error:")} ${eachLine(message)} ${style.dim(`[${code}]`)}`,
    ...mistakes.map(({ key, line, message: text }) => {
      const place = [file, line].filter((part) => part !== undefined).join(":");
      return `  ${[place, key, text].filter((part) => part !== "").join(": ")}`;
    }),
    ...aftermathLines(problem, style),
    ...hintLines(problem, withCause, style),
    ...(withCause && cause !== undefined ? [style.dim(`  cause: ${causeText(cause)}`)] : []),
  ].join("\n");
}

function aftermathLines(problem: Problem, style: Style): string[] {
  const aftermath = aftermathOf(problem);
  if (!aftermath) return [];
  const { operation, goesOn } = aftermath;
  const lines = operation.lastLogLines.map((line) => `  ${style.dim("|")} ${oneLine(line)}`);
  if (goesOn === undefined) return lines;
  const after =
    goesOn === null
      ? `nothing of ${operation.service} ran before`
      : style.typed(remainsText(operation, goesOn));
  return [...lines, `  ${after}`];
}

function hintLines({ code, hint }: Problem, withCause: boolean, style: Style): string[] {
  const text = code === "internal" && !withCause ? "type the same after MCP_DEBUG=1 to see the cause" : hint;
  return text === "" ? [] : [`  ${style.cyan("→")} ${style.typed(text)}`];
}

function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const own = cause.stack ?? cause.message;
  return cause.cause === undefined ? own : `${own}\n  caused by: ${causeText(cause.cause)}`;
}
