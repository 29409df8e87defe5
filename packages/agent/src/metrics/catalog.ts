/**
 * Every metric of the agent, by the conventions of Prometheus: base units, `_total` for what only grows. The table of
 * docs/metrics.md is made from this. Labels `service` and `component` stand only where a series goes when they go.
 */
export const catalog = {
  mcp_build_info: {
    type: "gauge",
    labels: ["version", "node"],
    help: "Always 1; says which version of the agent answers, and for which node.",
  },
  mcp_components: {
    type: "gauge",
    labels: ["desired", "observed"],
    help: "Components of services, by what is wanted of them and how they were last seen.",
  },
  mcp_component_as_wanted: {
    type: "gauge",
    labels: ["service", "component"],
    help: "1 if a component was last seen as it should be, else 0.",
  },
  mcp_component_restarts_total: {
    type: "counter",
    labels: ["service", "component"],
    help: "Restarts of a component by the agent itself, after an end that nobody asked for.",
  },
  mcp_operation_duration_seconds: {
    type: "histogram",
    labels: ["kind", "outcome"],
    help: "From asking for an operation (deploy, stop, repair, ...) to its end, with the time it waited for others.",
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  },
  mcp_pass_duration_seconds: {
    type: "histogram",
    labels: [],
    help: "A pass over all services: their runtimes asked, and those that are not at rest found.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15],
  },
  mcp_look_duration_seconds: {
    type: "histogram",
    labels: ["cause"],
    help: "A look at one service: its records read, its workloads observed, a plan made.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15],
  },
  mcp_runtime_up: {
    type: "gauge",
    labels: ["runtime"],
    help: "1 if a runtime answered when it was last asked and shows the store of this node's workloads, else 0; also of one that no service uses.",
  },
  mcp_runtime_call_duration_seconds: {
    type: "histogram",
    labels: ["runtime", "call", "outcome"],
    help: "Calls of a runtime that end by themselves.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
  },
  mcp_rpcs_total: {
    type: "counter",
    labels: ["method", "code"],
    help: "RPCs that ended, streams too, by their Connect code; ok is none.",
  },
  mcp_rpc_duration_seconds: {
    type: "histogram",
    labels: ["method"],
    help: "RPCs with one answer.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
  },
  mcp_rpc_streams: {
    type: "gauge",
    labels: ["method"],
    help: "Streams that are open now.",
  },
  mcp_conditions: {
    type: "gauge",
    labels: ["code", "severity"],
    help: "What is wrong now, as alerts tell it.",
  },
  mcp_events_total: {
    type: "counter",
    labels: ["kind"],
    help: "Events since the agent started, as mcp events shows them.",
  },
  mcp_event_loop_active_seconds_total: {
    type: "counter",
    labels: [],
    help: "Time in which the agent's event loop did something.",
  },
  nodejs_eventloop_lag_seconds: {
    type: "gauge",
    labels: [],
    help: "How late the event loop was when this was asked.",
  },
  nodejs_heap_size_used_bytes: {
    type: "gauge",
    labels: [],
    help: "Memory in use by JavaScript.",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Memory of the agent's process.",
  },
  process_cpu_seconds_total: {
    type: "counter",
    labels: [],
    help: "Processor time of the agent's process.",
  },
  process_open_fds: {
    type: "gauge",
    labels: [],
    help: "File descriptors that are open.",
  },
  process_max_fds: {
    type: "gauge",
    labels: [],
    help: "File descriptors that may be open.",
  },
  process_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "When the agent's process began, since the epoch.",
  },
} as const satisfies Readonly<Record<string, MetricEntry>>;

export interface MetricEntry {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds, ascending. */
  readonly buckets?: readonly number[];
}

export type MetricName = keyof typeof catalog;

type NamesOf<Type extends MetricEntry["type"]> = {
  [N in MetricName]: (typeof catalog)[N] extends { readonly type: Type } ? N : never;
}[MetricName];

export type CounterName = NamesOf<"counter">;
export type GaugeName = NamesOf<"gauge">;
export type HistogramName = NamesOf<"histogram">;

export type LabelsOf<N extends MetricName> = Readonly<Record<(typeof catalog)[N]["labels"][number], string>>;
