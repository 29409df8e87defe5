import type { ImagePin } from "./images.ts";
import type { WorkloadSpec } from "./spec.ts";
import type { Stranger, Workload } from "./workload.ts";

export const runtimeKinds = ["container", "unikernel", "microvm"] as const;
export type RuntimeKind = (typeof runtimeKinds)[number];

/**
 * What runs workloads on this host: podman, QEMU, or the fake. Every rule below is checked for every backend by the
 * suite in `@mcp/runtime/conformance`.
 *
 * Every call takes a signal and has a time limit of its own; an abort rethrows `signal.reason`. What fails for a
 * reason that a user can mend is a `Problem`: `runtime_unavailable` when the backend cannot be reached,
 * `runtime_timeout` when it does not answer, `runtime_failed` when it refuses.
 */
export interface Runtime {
  readonly kinds: readonly RuntimeKind[];

  /** Cheap health check. Never throws except on abort: an absent binary is an answer, with what to do about it. */
  probe(signal: AbortSignal): Promise<Probe>;

  /** Everything on this host that carries our labels, running or not, sorted by name. */
  list(signal: AbortSignal): Promise<readonly Workload[]>;

  /**
   * What else is where its workloads are, without labels of ours or with some that are not whole, sorted by name. Only to
   * be shown: no call touches it.
   */
  strangers(signal: AbortSignal): Promise<readonly Stranger[]>;

  /**
   * One instance by its name; undefined only when the runtime itself says that there is none, or that what holds the
   * name is not that instance.
   * @throws Problem `spec_conflict` if it is there under another name, where a backend's users can rename: then it is not
   *   gone, and may not be started anew.
   */
  inspect(name: string, signal: AbortSignal): Promise<Workload | undefined>;

  /**
   * Create what is missing and start it. Idempotent: a running instance with the same spec hash is left alone, a
   * stopped one is started again. The image must be present (`ImageSource.pull`), else `image_not_found`.
   * @throws Problem `spec_conflict` if the name is taken by another spec or by a stranger; `start_failed` if the
   *   workload could not be started, in which case nothing half made is left under that name; `port_taken`;
   *   `volume_not_allowed` if a volume's path has become a link, in which case nothing of the workload has run.
   */
  start(spec: WorkloadSpec, signal: AbortSignal): Promise<Handle>;

  /**
   * Ask politely, wait `graceMs`, then kill. Stopping what is stopped or gone succeeds, also when a stranger has its name
   * by now, which is left alone. It is kept, not removed.
   * @throws Problem `spec_conflict` as `inspect`.
   */
  stop(name: string, options: { readonly graceMs: number }, signal: AbortSignal): Promise<void>;

  /**
   * Remove a workload and what belongs to it alone, killing it if it runs. Removing what is gone succeeds, also when a
   * stranger has its name by now, which is left alone.
   * @throws Problem `spec_conflict` as `inspect`.
   */
  remove(name: string, signal: AbortSignal): Promise<void>;

  /**
   * The workload behind a handle of an earlier life of this agent, or undefined if it is gone, also when another one
   * has its name by now.
   * @throws Problem `runtime_failed` if the handle is of a later version than this backend reads.
   */
  recover(handle: Handle, signal: AbortSignal): Promise<Workload | undefined>;

  /** Lines in order, oldest first. With `follow`, ends when the workload does. `workload_not_found` if it is gone. */
  logs(name: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine>;

  /**
   * What changes, from the moment the first `next()` is called until the signal aborts, whose reason is rethrown;
   * throws a `Problem` when the stream is lost. Events are hints to look again, not facts: they may be repeated or missed.
   */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;

  /** Use of memory and cpu of what runs, by name. Where `can.stats` is false: empty. */
  stats(signal: AbortSignal): Promise<ReadonlyMap<string, Usage>>;

  /** Run a program inside, without a shell. Only where `can.exec`; else throws `runtime_unsupported`. */
  exec(name: string, argv: readonly string[], options: ExecOptions, signal: AbortSignal): Promise<ExecResult>;
}

/** Whether the backend works here, and what it can do; shown by `mcp node status` and in plans. */
export type Probe =
  | {
      readonly ok: true;
      /** Name and version for people: `podman 4.3.1`. */
      readonly version: string;
      /** Which store holds the workloads (podman: its graph root). Another store than before means: nothing is known. */
      readonly store: string;
      readonly can: Capabilities;
      /** Short facts for `node status`, such as `rootless` or `cgroups v1`. */
      readonly notes: readonly string[];
      /** How the processors of its virtual machines are made. Absent where it makes none. */
      readonly accelerator?: Accelerator;
      /** What its workloads need at least to start, in MiB. Absent: whatever they are given is a limit. */
      readonly leastMemoryMiB?: number;
    }
  | {
      readonly ok: false;
      /** Why it is not there, and what to do about it. */
      readonly why: string;
      readonly hint: string;
    };

export interface Accelerator {
  readonly name: "kvm" | "tcg";
  /** Why it is not kvm; absent if it is, or if nobody wanted it. */
  readonly why?: string;
}

/** What this backend can do on this host. Differences are data, never `instanceof`; each false comes with a reason. */
export interface Capabilities {
  readonly exec: Capability;
  readonly stats: Capability;
  readonly memoryLimit: Capability;
  readonly cpuLimit: Capability;
  readonly udpPorts: Capability;
  /** What a workload answers on a udp port reaches whoever asked. Absent: it does. */
  readonly udpAnswers?: Capability;
  readonly volumes: Capability;
  /** Volumes that are only read. Absent: as all volumes. */
  readonly readOnlyVolumes?: Capability;
  readonly userNetworks: Capability;
  /** Ports on IPv6 addresses of the host. Absent: as all ports. */
  readonly ipv6Ports?: Capability;
  /** Workloads have addresses of their own that this host reaches, and `inspect` tells them. Absent: they have not. */
  readonly ownAddresses?: Capability;
}
export type Capability =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly why: string;
      /** It could on no host: nothing is missing here. */
      readonly byNature?: true;
    };

/**
 * Opaque to the agent, which stores it verbatim beside its own kind; `v` lets a newer backend read an older handle.
 */
export interface Handle {
  readonly kind: RuntimeKind;
  readonly v: number;
  readonly state: string;
}

export interface LogOptions {
  /** Only the last so many lines; all if absent. */
  readonly tail?: number;
  /** Only lines written at or after this time, in milliseconds since the epoch. */
  readonly sinceMs?: number;
  readonly follow?: boolean;
}

export interface LogLine {
  readonly atMs: number;
  readonly stream: "stdout" | "stderr";
  /** Without its line end. */
  readonly text: string;
  /** It was written earlier than `atMs`, which is when it was found: nobody was there to read it. */
  readonly found?: true;
}

export interface RuntimeEvent {
  /** The instance's own, also where it goes by another now. */
  readonly name: string;
  readonly what: "started" | "exited" | "removed" | "changed";
  readonly atMs: number;
}

export interface Usage {
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number;
  /** Of one core since the workload started: 1 is one core fully used. */
  readonly cpuCores: number;
}

export interface ExecOptions {
  /** Milliseconds until it is given up with `timed_out`. */
  readonly timeoutMs: number;
}

export interface ExecResult {
  readonly exitCode: number;
  /** stdout and stderr together, at most 64 KiB from the end. */
  readonly output: string;
}

/** Where a workload's image comes from. A VM backend exports it and makes a disk; a container backend runs it. */
export interface ImageSource {
  /**
   * What a reference means now: asks its registry once, and uses what is on this host if the registry cannot be
   * reached (`note` says so).
   * @throws Problem `image_not_found`, `registry_unreachable` (and nothing on this host), `registry_refused`.
   */
  resolve(reference: string, signal: AbortSignal): Promise<ImagePin>;
  /** Whether the pinned image is on this host, whatever its tag points at by now. */
  exists(pin: ImagePin, signal: AbortSignal): Promise<boolean>;
  /** Bring the pinned image onto this host; a no-op if it is there. `image_pull_failed` says what the registry said. */
  pull(pin: ImagePin, onProgress: (line: string) => void, signal: AbortSignal): Promise<void>;
  /** Write the image's root filesystem, flattened, as a tar file to `path`, and return its config. */
  export(pin: ImagePin, path: string, signal: AbortSignal): Promise<ImageConfig>;
}

/** The parts of an OCI image config that say how to start it. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string;
}
