import type { ImagePin, PortMapping, RuntimeKind, WorkloadExit } from "@mcp/runtime";
import type { Place } from "./network.ts";

/** What is wanted of one service, from the registry. */
export interface ServiceGoal {
  readonly service: string;
  /** `running` and `stopped` are what was asked of the whole last: what counts is what each component should be. */
  readonly desired: "running" | "stopped" | "ignore" | "absent";
  readonly managed: "heal" | "report" | "ignore";
  /** The revision that is current; absent until a first one is accepted. */
  readonly current?: number;
  /** A revision that is being tried, or that was found wanting and must be undone. */
  readonly candidate?: { readonly revision: number; readonly state: "trying" | "rejected" };
  /** Somebody asked for this, or nobody did and only `managed` and the restart policies say what may be done. */
  readonly cause: "operation" | "repair";
  /** Every component that should be, or of which something is left. */
  readonly components: readonly ComponentGoal[];
}

export interface ComponentGoal {
  readonly name: string;
  readonly desired: "running" | "stopped";
  /**
   * What should run: the candidate's while it is tried, else the current one's. Absent: the component should go. Given
   * also when the service is undeployed, since the order of stops comes from it.
   */
  readonly target?: Target;
  readonly instances: readonly Instance[];
  /**
   * Instances that were started before this moment must be started anew (`mcp restart`). A moment that is still to come
   * is not obeyed.
   */
  readonly restartBeforeMs?: number;
  /** Repairing it failed: it is not tried again sooner, unless somebody asks for it. */
  readonly notBeforeMs?: number;
  /** The name that a new instance would get. */
  readonly freshName: string;
}

export interface Target {
  readonly revision: number;
  readonly specHash: string;
  readonly kind: RuntimeKind;
  readonly image: ImagePin;
  readonly ports: readonly PortMapping[];
  /** On a bridge; absent: its backend's own networking. */
  readonly place?: Place;
  readonly dependsOn: readonly string[];
  readonly update: "stop-first" | "start-first";
  readonly restart: RestartPolicy;
  readonly startPeriodMs: number;
  /** It has a health check: what depends on it waits for that, and so does who asked for it. */
  readonly health?: {
    /** Start it anew when it is unhealthy. */
    readonly restart: boolean;
    /** After so long at the most it is known whether a new instance is healthy. */
    readonly limitMs: number;
  };
}

/** One start of a component, as the registry knows it. */
export interface Instance {
  readonly name: string;
  /** `candidate` only of the revision that is tried or rejected now; what one before it left behind is `retired`. */
  readonly role: "candidate" | "current" | "retired";
  readonly kind: RuntimeKind;
  readonly specHash: string;
  readonly ports: readonly PortMapping[];
  readonly place?: Place;
  readonly graceMs: number;
  /** By the agent's clock; absent until a start of it has succeeded. */
  readonly startedAtMs?: number;
  readonly restarts: number;
  /** How many of its lives in a row, before the present or last one, ended too soon. */
  readonly quickEnds: number;
  /** The last end that was seen of it: of a life before the last, if that is before `startedAtMs`. */
  readonly lastExit?: WorkloadExit;
  /** It ran when the machine went down, and has not been started since: no end of its own. */
  readonly wasCutOff?: CutOff;
}

export interface CutOff {
  /** When the machine began to go down in order, which asks its programs to end; absent: it did not, or nobody saw. */
  readonly shutDownAtMs?: number;
}

export interface RestartPolicy {
  readonly policy: "unless-stopped" | "always" | "on-failure" | "no";
  /** Of `on-failure`; absent: as often as needed. */
  readonly maxRetries?: number;
}
