/** One number of the design's table. */
export interface Measure {
  readonly name: string;
  /** The most it may be. */
  readonly limit: number;
  readonly unit: "×" | "ms" | "MiB";
  /** Measures it, and says what it is made of: `48 ms over 25 ms`. */
  readonly take: () => Promise<{ readonly value: number; readonly detail: string }>;
}
