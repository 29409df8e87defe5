/// <reference path="./prom-client-registry.d.ts" />

import type { Agent } from "../agent.ts";
import {
  type CounterName,
  catalog,
  type HistogramName,
  type MetricEntry,
  type MetricName,
} from "./catalog.ts";
import { processSamples } from "./process-samples.ts";
import type { HistogramSample, Sample } from "./tallies.ts";

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** One line: `metricName` where it is another than that of its metric. */
interface Line extends Sample {
  readonly metricName?: string;
}

/**
 * All metrics in the text format of Prometheus. Nothing is asked of a runtime or of the registry for it: it says what was
 * seen last.
 */
export async function exposeMetrics(agent: Agent): Promise<Exposition> {
  // Loaded when somebody asks, and only the part that prints: the whole library would take 8 MiB.
  const { default: Registry } = await import("prom-client/lib/registry.js");
  const registry = new Registry();
  const gauges = await gaugesOf(agent);
  for (const [name, { type, help }] of Object.entries(catalog) as [MetricName, MetricEntry][])
    registry.registerMetric({
      name,
      get: async () => ({ name, help, type, values: linesOf(name, type, gauges, agent), aggregator: "sum" }),
    });
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** All that is no histogram and no count of the agent's own. */
async function gaugesOf({ engine, deps }: Agent): Promise<ReadonlyMap<MetricName, readonly Sample[]>> {
  const { metrics, conditions, runtimes } = engine;
  return new Map<MetricName, readonly Sample[]>([
    ["mcp_build_info", [{ labels: { version: deps.version, node: deps.node }, value: 1 }]],
    ["mcp_components", metrics.components()],
    ["mcp_component_as_wanted", metrics.asWanted()],
    ["mcp_rpc_streams", metrics.streams()],
    [
      "mcp_runtime_up",
      runtimes.all.flatMap(({ name, probe, trouble }) =>
        probe ? [{ labels: { runtime: name }, value: trouble ? 0 : 1 }] : [],
      ),
    ],
    ["mcp_conditions", conditionCounts(conditions.all())],
    ...(await processSamples()),
  ]);
}

function conditionCounts(all: readonly { readonly code: string; readonly severity: string }[]): Sample[] {
  const groups = Map.groupBy(all, ({ code, severity }) => `${code} ${severity}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ labels: { code: first.code, severity: first.severity }, value: group.length }] : [];
  });
}

function linesOf(
  name: MetricName,
  type: MetricEntry["type"],
  gauges: ReadonlyMap<MetricName, readonly Sample[]>,
  { engine }: Agent,
): readonly Line[] {
  const { tallies } = engine.metrics;
  if (type === "histogram") {
    const histogram = name as HistogramName;
    return tallies.histogram(histogram).flatMap((sample) => histogramLines(histogram, sample));
  }
  return gauges.get(name) ?? tallies.counter(name as CounterName);
}

/** Each bucket holds all that the ones before it hold. */
function histogramLines(name: HistogramName, { labels, counts, sum }: HistogramSample): Line[] {
  const bounds = [...catalog[name].buckets.map(String), "+Inf"];
  let total = 0;
  const buckets = bounds.map((le, index): Line => {
    total += counts[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
