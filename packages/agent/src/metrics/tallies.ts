import { type CounterName, catalog, type HistogramName, type LabelsOf, type MetricName } from "./catalog.ts";

/** One value of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  /** How many lie within each bucket and in none before it; the last one has no bound. */
  readonly counts: readonly number[];
  readonly sum: number;
}

interface Counted {
  readonly labels: Readonly<Record<string, string>>;
  value: number;
}

interface Measured {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: number[];
  sum: number;
}

/**
 * What is counted and timed from the agent's start, whether or not anybody ever asks. It is kept here, in a few maps, and
 * not in the library that prints it: whoever has no Prometheus does not pay for one.
 */
export class Tallies {
  readonly #counters = new Map<MetricName, Map<string, Counted>>();
  readonly #histograms = new Map<MetricName, Map<string, Measured>>();

  count<N extends CounterName>(name: N, labels: LabelsOf<N>, by = 1): void {
    const series = seriesOf(this.#counters, name, labels, () => ({ labels, value: 0 }));
    series.value += by;
  }

  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, seconds: number): void {
    const { buckets } = catalog[name];
    const empty = (): Measured => ({ labels, counts: Array(buckets.length + 1).fill(0), sum: 0 });
    const series = seriesOf(this.#histograms, name, labels, empty);
    const within = buckets.findIndex((bound) => seconds <= bound);
    const at = within === -1 ? buckets.length : within;
    series.counts[at] = (series.counts[at] ?? 0) + 1;
    series.sum += seconds;
  }

  /** Of a counter, those series that are about nothing any more. */
  forget(name: CounterName, isGone: (labels: Readonly<Record<string, string>>) => boolean): void {
    const series = this.#counters.get(name);
    for (const [key, { labels }] of series ?? []) if (isGone(labels)) series?.delete(key);
  }

  counter(name: CounterName): readonly Sample[] {
    return [...(this.#counters.get(name)?.values() ?? [])];
  }

  histogram(name: HistogramName): readonly HistogramSample[] {
    return [...(this.#histograms.get(name)?.values() ?? [])];
  }
}

function seriesOf<T>(
  all: Map<MetricName, Map<string, T>>,
  name: MetricName,
  labels: Readonly<Record<string, string>>,
  begin: () => T,
): T {
  const series = all.get(name) ?? new Map<string, T>();
  all.set(name, series);
  const key = catalog[name].labels.map((label) => labels[label]).join("\u0000");
  const one = series.get(key) ?? begin();
  series.set(key, one);
  return one;
}
