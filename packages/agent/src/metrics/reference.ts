import { catalog, type MetricEntry } from "./catalog.ts";

/** The table of docs/metrics.md, which a test keeps equal to this. */
export function metricsReference(): string {
  const rows = (Object.entries(catalog) as [string, MetricEntry][]).map(
    ([name, { type, labels, help }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`,
  );
  return ["| metric | type | labels | |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
