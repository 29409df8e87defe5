import { oneLine } from "./one-line.ts";
import type { Paint, Style } from "./style.ts";

/** Text, or text with the paint that goes on once its width is known. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

const textOf = (cell: Cell): string => oneLine(typeof cell === "string" ? cell : cell.text);
const painted = (cell: Cell): string => (typeof cell === "string" ? textOf(cell) : cell.paint(textOf(cell)));

/**
 * Rows with their columns aligned, two spaces between them, and no borders; nothing for no rows.
 * What is empty is shown as `-`.
 */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[], style: Style): string {
  if (rows.length === 0) return "";
  const heading = header.map((text): Cell => ({ text, paint: style.dim }));
  return aligned([heading, ...rows.map((row) => row.map((cell) => (textOf(cell) === "" ? "-" : cell)))]);
}

/** The same without a header, and with what is empty left empty. */
export function aligned(rows: readonly (readonly Cell[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, textOf(cell).length);
    });
  const lines = rows.map((row) => {
    const lastFilled = row.findLastIndex((cell) => textOf(cell) !== "");
    return row
      .slice(0, lastFilled + 1)
      .map((cell, column) => {
        const padding = column < lastFilled ? (widths[column] ?? 0) - textOf(cell).length : 0;
        return painted(cell) + " ".repeat(padding);
      })
      .join("  ");
  });
  return lines.join("\n");
}
