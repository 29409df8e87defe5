import type { BenchNode } from "./bench-node.ts";
import type { Ratio } from "./ratio.ts";

/** One number of the design's table. */
export interface Measure {
  readonly name: string;
  /** The most it may be; without one, it is only told. */
  readonly limit?: number;
  /** Only where virtual machines can run; `network`: and where networks of the bench's own can be made. */
  readonly needs?: "vms" | "network";
  readonly unit: "×" | "ms" | "MiB";
  /** Measures it, and says what it is made of: `48 ms over 25 ms`. */
  readonly take: (node: BenchNode) => Promise<Taken>;
}

export interface Taken {
  readonly value: number;
  readonly detail: string;
}

export const takenRatio = ({ ratio, oursMs, theirsMs }: Ratio): Taken => ({
  value: ratio,
  detail: `${oursMs.toFixed(0)} ms over ${theirsMs.toFixed(0)} ms`,
});
