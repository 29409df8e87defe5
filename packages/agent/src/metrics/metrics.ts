import type { Clock } from "@mcp/base";
import type { Judgement, ObservedState, ServiceGoal } from "@mcp/planner";
import type { OperationRecord } from "@mcp/registry";
import type { HistogramName, LabelsOf } from "./catalog.ts";
import { type Sample, Tallies } from "./tallies.ts";

interface SeenComponent {
  readonly component: string;
  readonly desired: "running" | "stopped";
  readonly observed: ObservedState;
  readonly isAsWanted: boolean;
}

/** What the agent notes of itself while it works: nothing here asks a runtime or the registry. */
export class Metrics {
  readonly tallies = new Tallies();
  readonly #clock: Clock;
  /** By service: what the last look has seen. */
  readonly #seen = new Map<string, readonly SeenComponent[]>();
  readonly #streams = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All components of a service, as they were judged just now. */
  seen({ service, components: goals }: ServiceGoal, judgements: ReadonlyMap<string, Judgement>): void {
    const components = goals.flatMap(({ name: component, desired }): SeenComponent[] => {
      const judgement = judgements.get(component);
      if (!judgement) return [];
      const { observed, drift } = judgement;
      return [{ component, desired, observed, isAsWanted: drift.length === 0 && observed !== "unknown" }];
    });
    const before = this.#seen.get(service) ?? [];
    this.#seen.set(service, components);
    const isSame =
      before.length === components.length &&
      before.every(({ component }, index) => component === components[index]?.component);
    // That goes over all there are: not at each look at each service.
    if (isSame) return;
    this.#forgetRestarts(service, new Set(components.map(({ component }) => component)));
  }

  /** There is no such service any more. */
  forget(service: string): void {
    this.#seen.delete(service);
    this.#forgetRestarts(service, new Set());
  }

  event(kind: string, service: string, component: string): void {
    this.tallies.count("mcp_events_total", { kind });
    if (kind === "restarted") this.tallies.count("mcp_component_restarts_total", { service, component });
  }

  /** Counts it once it is over. */
  operation({ kind, state, createdAtMs, finishedAtMs }: OperationRecord): void {
    if (state !== "succeeded" && state !== "failed") return;
    // By the wall clock, since it may have begun in an earlier life: that one can be set back.
    const tookMs = Math.max(0, (finishedAtMs ?? createdAtMs) - createdAtMs);
    this.tallies.observe("mcp_operation_duration_seconds", { kind, outcome: state }, tookMs / 1_000);
  }

  /** `labels` is asked for what the outcome says. */
  async time<N extends HistogramName, T>(
    name: N,
    labels: (outcome: "ok" | "failed") => LabelsOf<N>,
    work: () => Promise<T>,
  ): Promise<T> {
    const beganMs = this.#clock.monotonic();
    const end = (outcome: "ok" | "failed"): void =>
      this.tallies.observe(name, labels(outcome), (this.#clock.monotonic() - beganMs) / 1_000);
    try {
      const result = await work();
      end("ok");
      return result;
    } catch (thrown) {
      end("failed");
      throw thrown;
    }
  }

  /** A stream was opened; to be called once when it ends. */
  stream(method: string): () => void {
    const add = (by: number): void => void this.#streams.set(method, (this.#streams.get(method) ?? 0) + by);
    add(1);
    return () => add(-1);
  }

  streams(): readonly Sample[] {
    return [...this.#streams].map(([method, value]) => ({ labels: { method }, value }));
  }

  /** How many components there are of each desired and observed state. */
  components(): readonly Sample[] {
    const counts = new Map<string, { labels: LabelsOf<"mcp_components">; value: number }>();
    for (const { desired, observed } of [...this.#seen.values()].flat()) {
      const key = `${desired} ${observed}`;
      const counted = counts.get(key) ?? { labels: { desired, observed }, value: 0 };
      counts.set(key, { ...counted, value: counted.value + 1 });
    }
    return [...counts.values()];
  }

  asWanted(): readonly Sample[] {
    return [...this.#seen].flatMap(([service, components]) =>
      components.map(({ component, isAsWanted }) => ({
        labels: { service, component },
        value: isAsWanted ? 1 : 0,
      })),
    );
  }

  #forgetRestarts(service: string, remaining: ReadonlySet<string>): void {
    this.tallies.forget(
      "mcp_component_restarts_total",
      (labels) => labels.service === service && !remaining.has(labels.component ?? ""),
    );
  }
}
