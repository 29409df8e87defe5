import type { Clock } from "@mcp/base";
import type { HostPorts, Logger } from "@mcp/host";
import type { NodeLimits } from "@mcp/planner";
import type { Registry } from "@mcp/registry";
import type { GuestNetwork, ImageSource, Runtime } from "@mcp/runtime";
import type { AlertOptions } from "./alerts/index.ts";
import type { ConfiguredStage } from "./boot/stage.ts";
import type { RuntimeStatus } from "./queries/node-status.ts";

/** What the agent is made of; `apps/agent` wires the real ones, tests wire fakes at the design's seams. */
export interface Deps {
  readonly node: string;
  readonly registry: Registry;
  readonly runtimes: readonly NamedRuntime[];
  readonly images: ImageSource;
  /** Absent: virtual machines have the networking that their backend brings, and no other. */
  readonly network?: GuestNetwork;
  readonly hostPorts: HostPorts;
  readonly clock: Clock;
  readonly log: Logger;
  /** Folders that definitions may mount from. */
  readonly allowedVolumes: readonly string[];
  readonly version: string;
  /** In [0, 1). */
  readonly random: () => number;
  /** How often everything is looked at even if no event says so, in ms. */
  readonly intervalMs: number;
  /** How many events are kept, and for how long. Default: a million, and 30 days. */
  readonly eventLimits?: { readonly maxEvents: number; readonly maxEventAgeMs: number };
  /** The folders whose disks `NodeStatus` shows, and what lies there. */
  readonly disks?: readonly { readonly use: string; readonly path: string }[];
  /** From when on the machine itself is in trouble. Default: `nodeLimitDefaults` of `@mcp/planner`. */
  readonly limits?: NodeLimits;
  /** The stages in which services are started after a boot of the machine. Default: none, all at once. */
  readonly boot?: readonly ConfiguredStage[];
  /** Default: the kernel's. */
  readonly bootId?: () => Promise<string>;
  /** Since the machine's boot, in ms; never steps back. Default: the kernel's. */
  readonly uptimeMs?: () => number;
  /** Kinds that no backend of this build runs, and why. */
  readonly missingRuntimes?: readonly RuntimeStatus[];
  /** How people are told what is wrong. Absent: they are not, but what would be told is kept as events. */
  readonly alerts?: AlertOptions;
  /** What `Doctor` asks of the backends besides its own checks; one that throws has been told by its probe already. */
  readonly checks?: readonly ((signal: AbortSignal) => Promise<readonly DoctorCheck[]>)[];
  /**
   * Awaited at every point between two effects, with its name; a test stops the agent there for good, as `kill -9`
   * would. Absent in production.
   */
  readonly faultPoint?: (where: string) => Promise<void>;
}

export interface NamedRuntime {
  /** The backend's name, under which its store's identity is remembered: `podman`, `qemu`. */
  readonly name: string;
  readonly runtime: Runtime;
}

export interface DoctorCheck {
  readonly name: string;
  readonly outcome: "ok" | "warning" | "failed";
  readonly text: string;
  readonly hint: string;
}
