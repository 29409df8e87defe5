/** Does something once and returns how long it took, in milliseconds. */
export type Timed = () => Promise<number>;

export interface Ratio {
  /** The median of `ours / theirs` over the pairs. */
  readonly ratio: number;
  readonly oursMs: number;
  readonly theirsMs: number;
}

/**
 * How many times as long `ours` takes as `theirs`. The two take turns, so that a machine that is slower for a while is so
 * for both, and each pair gives a ratio of its own; the first pair warms up and does not count.
 */
export async function ratio(ours: Timed, theirs: Timed, pairs: number): Promise<Ratio> {
  const taken: { ours: number; theirs: number }[] = [];
  for (let pair = 0; pair <= pairs; pair++) taken.push({ ours: await ours(), theirs: await theirs() });
  const counted = taken.slice(1);
  return {
    ratio: median(counted.map((pair) => pair.ours / pair.theirs)),
    oursMs: median(counted.map((pair) => pair.ours)),
    theirsMs: median(counted.map((pair) => pair.theirs)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Milliseconds that a piece of work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
