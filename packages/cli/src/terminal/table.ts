import { oneLine } from "./one-line.ts";
import type { Paint, Style } from "./style.ts";

/** Text, or text with the paint that goes on once its width is known. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

/** A cell as it is shown: each is made safe once, and asked for its text several times. */
interface Shown {
  readonly text: string;
  readonly paint?: Paint;
}

const shown = (cell: Cell): Shown =>
  typeof cell === "string" ? { text: oneLine(cell) } : { text: oneLine(cell.text), paint: cell.paint };

const dash: Shown = { text: "-" };

/**
 * Rows with their columns aligned, two spaces between them, and no borders; nothing for no rows.
 * What is empty is shown as `-`.
 */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[], style: Style): string {
  if (rows.length === 0) return "";
  const heading = header.map((text) => shown({ text, paint: style.dim }));
  const filled = rows.map((row) => row.map(shown).map((cell) => (cell.text === "" ? dash : cell)));
  return linesOf([heading, ...filled]);
}

/** The same without a header, and with what is empty left empty. */
export const aligned = (rows: readonly (readonly Cell[])[]): string =>
  linesOf(rows.map((row) => row.map(shown)));

function linesOf(rows: readonly (readonly Shown[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach(({ text }, column) => {
      widths[column] = Math.max(widths[column] ?? 0, text.length);
    });
  const lines = rows.map((row) => {
    const lastFilled = row.findLastIndex(({ text }) => text !== "");
    return row
      .slice(0, lastFilled + 1)
      .map(({ text, paint }, column) => {
        const padding = column < lastFilled ? (widths[column] ?? 0) - text.length : 0;
        return (paint ? paint(text) : text) + " ".repeat(padding);
      })
      .join("  ");
  });
  return lines.join("\n");
}
