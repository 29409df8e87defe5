import type { ImagePin } from "@mcp/runtime";
import type { Uncounted } from "./restart.ts";

/** One thing to do. Data only: the agent has an executor for each, and the wire and the registry can carry it. */
export type Action =
  /** Bring an image onto this host. */
  | { readonly do: "pull"; readonly component: string; readonly image: ImagePin }
  /** Start a new instance, recorded first as `candidate` if a revision is tried and as `current` if not; or a known one again. */
  | {
      readonly do: "start";
      readonly component: string;
      readonly instance: string;
      readonly isNew: boolean;
      /** Counted as a restart: it was accepted, and failed. */
      readonly isRestart: boolean;
      /** Of what is started again by itself: how many of its lives in a row ended too soon, up to the one before this. Else 0: the count begins anew. */
      readonly quickEnds: number;
      /** It did not fail: its restarts stay as they were counted. */
      readonly uncounted?: Uncounted;
    }
  /**
   * Wait until a started instance has stood its start period, or is healthy where it has a health check; it fails if the
   * instance ends before, or is found unhealthy.
   */
  | {
      readonly do: "stand";
      readonly component: string;
      readonly instance: string;
      readonly startPeriodMs: number;
      /** It has a health check, and is unhealthy if that has not passed after so long. */
      readonly healthLimitMs?: number;
      /** Whatever comes of it, the plan goes on. */
      readonly mayFail?: true;
    }
  /** Stop an instance and keep it. */
  | {
      readonly do: "stop";
      readonly component: string;
      readonly instance: string;
      readonly graceMs: number;
      /**
       * Nobody asked, and it is started again at once: its component's `restartBeforeMs` is set first, so that whoever goes on
       * from here knows that it did not end by itself. A start that is a restart takes that back.
       */
      readonly isForRestart?: true;
    }
  /** Remove an instance that does not run, and forget it. */
  | { readonly do: "remove"; readonly component: string; readonly instance: string }
  /** The candidate revision becomes the current one, and so do the instances in `keep`; all others are retired. */
  | { readonly do: "accept"; readonly revision: number; readonly keep: readonly string[] }
  /** The rejected candidate is undone: forget it. */
  | { readonly do: "discard"; readonly revision: number }
  /** The service is gone: forget it. */
  | { readonly do: "forget" };

export interface Step {
  /** From 1, in an order in which they could be taken one by one. */
  readonly number: number;
  readonly action: Action;
  /** For people: why it is needed. */
  readonly reason: string;
  /** The steps that must be done before; others may run beside it. */
  readonly after: readonly number[];
}

export interface Plan {
  /** Empty means converged, as far as it may be. */
  readonly steps: readonly Step[];
  /** What the operator should know. */
  readonly notes: readonly string[];
  /** What could not be planned, since nothing certain is known of it. */
  readonly blocked: readonly Blocked[];
  /** When to look again, if time alone will change the plan. */
  readonly wakeAtMs?: number;
}

export interface Blocked {
  readonly component: string;
  readonly why: string;
}
