import { run } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { catalog, type MetricEntry } from "../../packages/agent/src/metrics/catalog.ts";
import { metricsReference } from "../../packages/agent/src/metrics/reference.ts";
import { read, root } from "./tree.ts";

/** Every series there is, with its labels; those of a histogram by their own names. */
const series = new Map<string, readonly string[]>(
  (Object.entries(catalog) as [string, MetricEntry][]).flatMap(([name, { type, labels }]) =>
    type === "histogram"
      ? [
          [`${name}_bucket`, [...labels, "le"]] as const,
          [`${name}_sum`, labels] as const,
          [`${name}_count`, labels] as const,
        ]
      : [[name, labels] as const],
  ),
);
/** What Prometheus adds to each series itself; `up` is its own. */
const added = ["job", "instance"];

const rules = read("docs/alert-rules.yml");
const dashboard: unknown = JSON.parse(read("docs/grafana-dashboard.json"));

/** Every text of that key, at any depth. */
function textsOf(key: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === key && typeof inner === "string" ? [inner] : textsOf(key, inner),
  );
}

const expressions = {
  "docs/alert-rules.yml": [...rules.matchAll(/^ +expr: (.+)$/gm)].map(([, text = ""]) => text),
  "docs/grafana-dashboard.json": [...textsOf("expr", dashboard), ...textsOf("query", dashboard)].filter(
    (text) => text.includes("_"),
  ),
};

/** What a query names that is not there: series, labels that select of them, labels that are grouped by. */
function unknownIn(query: string): string[] {
  const named = [...query.matchAll(/\b((?:mcp|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)];
  const wrong = named.flatMap(([, name = "", selectors = ""]) => {
    const labels = series.get(name);
    if (!labels) return [name];
    const selecting = [...selectors.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = ""]) => label);
    return selecting
      .filter((label) => !labels.includes(label) && !added.includes(label))
      .map((label) => `${name}{${label}}`);
  });
  const all = new Set([...added, ...named.flatMap(([, name = ""]) => series.get(name) ?? [])]);
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, by = ""]) => by.split(/,\s*/));
  return [...wrong, ...grouped.filter((label) => !all.has(label)).map((label) => `by (${label})`)];
}

const promtool = await run(["promtool", "--version"], { anyExitCode: true }).then(
  () => true,
  () => false,
);

describe("docs/metrics.md", () => {
  it("has the table of metrics as it is in code (write it with: pnpm run docs)", () => {
    const [, table] = /<!-- metrics: [^\n]* -->\n([\s\S]*)\n<!-- end -->/.exec(read("docs/metrics.md")) ?? [];
    expect(table).toBe(metricsReference());
  });
});

describe("the rules and the dashboard", () => {
  it("ask only for metrics and labels that the agent has", () => {
    for (const [file, queries] of Object.entries(expressions)) {
      expect([file, queries.length]).toEqual([file, expect.toSatisfy((count: number) => count >= 8)]);
      for (const query of queries) expect([file, query, unknownIn(query)]).toEqual([file, query, []]);
    }
  });

  it("would be found out if they asked for others", () => {
    expect(unknownIn("rate(mcp_event_total[5m])")).toEqual(["mcp_event_total"]);
    expect(unknownIn('mcp_events_total{sort="x"}')).toEqual(["mcp_events_total{sort}"]);
    expect(unknownIn("sum by (service) (mcp_events_total)")).toEqual(["by (service)"]);
    expect(unknownIn("mcp_look_duration_seconds")).toEqual(["mcp_look_duration_seconds"]);
  });

  it("show every metric of the agent's own somewhere", () => {
    const all = Object.values(expressions).flat().join("\n");
    const unseen = Object.keys(catalog).filter((name) => !all.includes(name));
    expect(unseen).toEqual([]);
  });

  it("tell people what to type in commands that can stand in a rule", () => {
    const typed = [...rules.matchAll(/type (mcp \w+|systemctl status mcp-agent)/g)];
    expect(typed.length).toBeGreaterThan(4);
  });

  it.skipIf(!promtool)("have nothing that promtool finds fault with (needs promtool)", async () => {
    const { exitCode, stderr } = await run(["promtool", "check", "rules", "docs/alert-rules.yml"], {
      cwd: root,
      anyExitCode: true,
    });
    expect([exitCode, stderr]).toEqual([0, ""]);
  });
});
