import { median } from "./ratio.ts";

export interface Pair<T> {
  readonly ours: T;
  readonly theirs: T;
}

/**
 * Takes both in turn, each pair in the other order than the one before: what the first leaves behind, and a machine that is
 * slower for a while, are shared by both.
 *
 * @param opts.enough  asked after each pair from `least` on; by default that many are enough.
 */
export async function takePairs<T>(
  ours: () => Promise<T>,
  theirs: () => Promise<T>,
  opts: {
    readonly least: number;
    readonly most?: number;
    readonly enough?: (pairs: readonly Pair<T>[]) => boolean;
  },
): Promise<readonly Pair<T>[]> {
  const { least, most = least, enough = () => true } = opts;
  const pairs: Pair<T>[] = [];
  while (pairs.length < least || (pairs.length < most && !enough(pairs))) {
    if (pairs.length % 2 === 0) {
      const first = await ours();
      pairs.push({ ours: first, theirs: await theirs() });
    } else {
      const first = await theirs();
      pairs.push({ ours: await ours(), theirs: first });
    }
  }
  return pairs;
}

/** The median, and between which two of the values it lies in 95 of 100 cases (all of them where there are few). */
export function middle(values: readonly number[]): { median: number; from: number; to: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const cut = Math.max(0, Math.floor((sorted.length - 1.96 * Math.sqrt(sorted.length)) / 2));
  return {
    median: median(sorted),
    from: sorted[cut] ?? Number.NaN,
    to: sorted[sorted.length - 1 - cut] ?? Number.NaN,
  };
}
