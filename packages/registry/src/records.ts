/** What an operator wants of a service. `ignore`: seen, never touched. `absent`: undeployed. */
export type Desired = "running" | "stopped" | "ignore" | "absent";

/** The answer to drift. */
export type Managed = "heal" | "report" | "ignore";

export interface ServiceRecord {
  readonly name: string;
  readonly desired: Desired;
  readonly managed: Managed;
  readonly currentRevision?: number;
  readonly candidate?: { readonly revision: number; readonly state: "trying" | "rejected" };
  /** When what is wanted of it last changed. */
  readonly updatedAtMs: number;
  /** By name: those of the current revision and of the candidate. */
  readonly components: readonly ComponentRecord[];
  /** Oldest first. */
  readonly instances: readonly InstanceRecord[];
  /** Of the current revision and of the candidate, on a bridge. */
  readonly addresses: readonly AddressRecord[];
}

export interface AddressRecord {
  readonly revision: number;
  readonly component: string;
  readonly address: string;
}

export interface ComponentRecord {
  readonly name: string;
  /** Its hostname and network alias, unique on the node. */
  readonly knownName: string;
  readonly desired: "running" | "stopped";
  /** Instances started before this must be started anew. */
  readonly restartBeforeMs?: number;
}

export type InstanceRole = "candidate" | "current" | "retired";

export interface InstanceRecord {
  readonly name: string;
  readonly service: string;
  readonly component: string;
  readonly revision: number;
  readonly specHash: string;
  /** JSON of the agent's. */
  readonly spec: unknown;
  readonly kind: string;
  readonly role: InstanceRole;
  /** Opaque: what the runtime gave, to find the workload again. */
  readonly handle?: InstanceHandle;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly restarts: number;
  /** How many of its lives in a row, up to the present one, ended too soon: what the pause before the next start grows with. */
  readonly quickEnds: number;
  /** JSON of the agent's. */
  readonly lastExit?: unknown;
  /** On a bridge; given to nobody else as long as this is recorded. */
  readonly address?: string;
}

export interface InstanceHandle {
  readonly kind: string;
  readonly v: number;
  readonly state: string;
}

export interface RevisionRecord {
  readonly service: string;
  readonly number: number;
  readonly createdAtMs: number;
  readonly state: "candidate" | "current" | "earlier" | "rejected";
  /** Where it came from, for people. */
  readonly origin: string;
  /** Versioned JSON of the agent's. */
  readonly content: unknown;
}

export type OperationKind =
  | "deploy"
  | "undeploy"
  | "stop"
  | "start"
  | "restart"
  | "rollback"
  | "sync"
  | "repair";
export type OperationState = "queued" | "running" | "reverting" | "succeeded" | "failed";

export interface OperationRecord {
  readonly id: string;
  readonly requestId: string;
  readonly service: string;
  readonly kind: OperationKind;
  readonly state: OperationState;
  readonly createdAtMs: number;
  readonly finishedAtMs?: number;
  /** The revision that it proposed. */
  readonly revision?: number;
  /** A `ProblemJSON`. */
  readonly problem?: unknown;
  readonly lastLogLines: readonly string[];
  readonly notes: readonly string[];
  readonly request: unknown;
  /** By number. */
  readonly steps: readonly StepRecord[];
}

export type StepState = "planned" | "running" | "done" | "failed" | "skipped";

export interface StepRecord {
  readonly number: number;
  /** JSON of the agent's. */
  readonly action: unknown;
  readonly reason: string;
  /** The numbers of the steps that come before it. */
  readonly after: readonly number[];
  readonly state: StepState;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  /** A `ProblemJSON`. */
  readonly problem?: unknown;
}

export interface EventRecord {
  /** Grows; never given twice. */
  readonly id: number;
  readonly atMs: number;
  /** Empty: about the node. */
  readonly service: string;
  /** Empty: about the whole service. */
  readonly component: string;
  readonly kind: string;
  readonly text: string;
  readonly data?: unknown;
}

/** What the agent remembers of one condition that it tells, or told, by alerts. */
export interface AlertRecord {
  readonly key: string;
  /** Versioned JSON of the agent's. */
  readonly content: unknown;
}

/** A message that a channel has still to tell. */
export interface AlertDelivery {
  /** Grows; never given twice. */
  readonly id: number;
  readonly channel: string;
  /** JSON of the agent's. */
  readonly message: unknown;
}
