/** Rows under a header, as a Markdown table whose columns line up; numbers stand to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) =>
    Math.max(name.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const isNumber = header.map((_, column) =>
    rows.every((row) => /^[<≤]? ?[\d.]+( \S+)?$/.test(row[column] ?? "")),
  );
  const print = (row: readonly string[]) =>
    `| ${widths.map((width, column) => pad(row[column] ?? "", width, isNumber[column] ?? false)).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (isNumber[column] ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  return [print(header), rule, ...rows.map(print)].join("\n");
}

const pad = (text: string, width: number, right: boolean): string =>
  right ? text.padStart(width) : text.padEnd(width);
