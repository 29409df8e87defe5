import type { ImagePin } from "../images.ts";
import type { Runtime } from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";

/** What a rule needs a workload to do. A rig makes it so by an image, a command, or both. */
export type Script =
  /** Runs until it is asked to stop, then exits with 0 at once. */
  | { readonly does: "sleeps" }
  /** Runs until it is asked to stop, then prints `asked to stop` and exits with 0. */
  | { readonly does: "says when it is asked to stop" }
  /** Runs, and does not listen when it is asked to stop. */
  | { readonly does: "ignores being asked to stop" }
  /** Prints these lines, one after the other and stdout first, and exits after `afterMs`. */
  | {
      readonly does: "prints and exits";
      readonly stdout?: readonly string[];
      readonly stderr?: readonly string[];
      readonly afterMs?: number;
      readonly code: number;
    }
  /** Prints `tick 1`, `tick 2`, … on stdout every 100 ms. */
  | { readonly does: "ticks" }
  /** Prints the value of one environment variable and exits with 0. */
  | { readonly does: "prints its environment"; readonly variable: string }
  /** Prints one file of its own and exits with 0, or with 1 if there is none. */
  | { readonly does: "prints a file"; readonly path: string }
  /** Answers any HTTP request on this port with `hello`, until it is asked to stop. */
  | { readonly does: "serves http"; readonly port: number }
  /** Its program does not exist. */
  | { readonly does: "cannot start" };

/** A backend on a host of its own, made ready for the rules. */
export interface Rig {
  readonly runtime: Runtime;
  /** Another `Runtime` over the same workloads, such as a restarted agent makes. */
  reopen(): Promise<Runtime> | Runtime;
  /** A complete spec, under a name never used before, with no ports or volumes. Its image is on the host. */
  spec(script: Script): Promise<WorkloadSpec> | WorkloadSpec;
  /** Well formed, and not on this host. */
  readonly absentImage: ImagePin;
  /** A folder on the host that specs may mount. */
  readonly volumeFolder: string;
  /** How long to wait until something has become so. Default 20 000. */
  readonly patienceMs?: number;
  /** Make a workload under this name that is not ours, and tell whether it is still there as it was made. */
  stranger(name: string): Promise<{ isUntouched(): Promise<boolean>; remove(): Promise<void> }>;
  close(): Promise<void>;
}
