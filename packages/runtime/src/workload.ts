import type { RuntimeKind } from "./runtime.ts";
import type { PortMapping, WorkloadLabels } from "./spec.ts";

/** What a runtime says of one workload. What it means (`stopped` or `crash-looping`, say) is the planner's to judge. */
export interface Workload {
  readonly name: string;
  readonly kind: RuntimeKind;
  readonly labels: WorkloadLabels;
  readonly state: WorkloadState;
  /** The manifest's digest, if the runtime knows it. */
  readonly imageDigest?: string;
  readonly imageReference: string;
  readonly ports: readonly PortMapping[];
  /** On the host; absent unless it runs. */
  readonly pid?: number;
  /** Where it is reached from this host, if it has an address of its own. A list may lack it. */
  readonly address?: string;
  readonly startedAtMs?: number;
  /** Present once it has run and ended. */
  readonly exit?: WorkloadExit;
}

/** Something of somebody else, beside our workloads. */
export interface Stranger {
  readonly name: string;
  /** For people: `container`, say. */
  readonly what: string;
  /** Absent where it has none, or none that can be told. */
  readonly state?: WorkloadState;
  /** Empty where it is made from none. */
  readonly imageReference: string;
}

/** `created`: made and not yet started. `starting`, `stopping`: seen on the way. */
export type WorkloadState = "created" | "starting" | "running" | "stopping" | "exited";

export interface WorkloadExit {
  readonly atMs: number;
  /** 128 + n where signal n ended it; absent if the runtime cannot know. */
  readonly code?: number;
  readonly reason: "exited" | "signal" | "out-of-memory" | "crashed" | "unknown";
}
