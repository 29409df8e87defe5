import type { ImageConfig, LogLine } from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";

export type FakeLine = Pick<LogLine, "stream" | "text">;

/** What a workload made from an image does. All fields absent: it runs until it is stopped, and exits with 0. */
export interface FakeBehaviour {
  /** Lines that it prints as it starts. */
  readonly prints?: readonly FakeLine[] | ((spec: WorkloadSpec) => readonly FakeLine[]);
  /** It prints `tick 1`, `tick 2`, … on stdout this often. */
  readonly ticksEveryMs?: number;
  /** It exits by itself, so long after its start. */
  readonly exitsAfterMs?: number;
  /** What it exits with, by itself. Default 0. */
  readonly exitCode?: number;
  /** It does not start: what the engine says of it. */
  readonly failsToStart?: string;
  /** What it does when asked to stop. Default `exits`. */
  readonly whenStopped?: "exits" | "ignores";
  /** What it prints when asked to stop. */
  readonly lastWords?: string;
  /** What `export` tells of its image. */
  readonly config?: Partial<ImageConfig>;
}
