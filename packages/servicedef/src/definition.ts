/*
 * A definition as the operator wrote it, as typed data: what was left out is absent here, and `completeDefinition`
 * fills it. Each field is one key of the tables in `keys/`, which do not compile when a field is missing there.
 */

export interface ServiceDefinition {
  readonly name: string;
  readonly node?: string;
  readonly tier?: Tier;
  readonly active?: boolean;
  readonly managed?: Managed;
  readonly version?: string;
  readonly path?: string;
  /** For every component that does not say otherwise, as is `update`. */
  readonly runtime?: RuntimeName;
  readonly update?: UpdateOrder;
  readonly build?: BuildDefinition;
  readonly snapshot?: SnapshotDefinition;
  /** At least one. */
  readonly components: readonly ComponentDefinition[];
}

export interface ComponentDefinition {
  readonly name: string;
  readonly image?: string;
  readonly runtime?: RuntimeName;
  readonly memoryMiB?: number;
  readonly vcpus?: number;
  readonly ports?: readonly Port[];
  readonly volumes?: readonly Volume[];
  readonly env?: Readonly<Record<string, string>>;
  /** Each is `secret:NAME`. */
  readonly envFrom?: readonly string[];
  readonly cmd?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly network?: string;
  readonly restart?: RestartPolicy;
  readonly dependsOn?: readonly string[];
  readonly graceMs?: number;
  readonly startPeriodMs?: number;
  readonly update?: UpdateOrder;
  readonly health?: HealthDefinition;
  readonly routes?: readonly RouteDefinition[];
  readonly files?: readonly string[];
}

/** Exactly one of `http`, `tcp`, `grpc` and `exec` is there. */
export interface HealthDefinition {
  readonly http?: string;
  readonly tcp?: number;
  readonly grpc?: string;
  readonly exec?: readonly string[];
  readonly port?: number;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly retries?: number;
  readonly startPeriodMs?: number;
  readonly restart?: boolean;
}

export interface RouteDefinition {
  readonly name: string;
  /** On the proxy. */
  readonly port: number;
  readonly mode: RouteMode;
  /** Where the component listens; absent: the agent picks one and says it in `$PORT`. */
  readonly containerPort?: number;
  readonly hostname?: string;
  readonly public?: boolean;
}

export interface BuildDefinition {
  /** Image name to Dockerfile, relative to the service's source folder. */
  readonly images?: Readonly<Record<string, string>>;
  readonly args?: Readonly<Record<string, string>>;
}

export interface SnapshotDefinition {
  readonly method?: string;
  readonly exclude?: readonly string[];
}

export interface Port {
  /** Host address, IPv6 without brackets; empty means every address. */
  readonly address: string;
  readonly host: number;
  readonly guest: number;
  readonly protocol: "tcp" | "udp";
}

export interface Volume {
  /** Absolute, without `.`, `..`, or a slash at its end. */
  readonly host: string;
  readonly guest: string;
  readonly readOnly: boolean;
  /** SELinux: relabel for this component alone (`Z`). */
  readonly relabel: boolean;
}

export interface RestartPolicy {
  readonly policy: "unless-stopped" | "always" | "on-failure" | "no";
  /** Of `on-failure` only; absent: no limit. */
  readonly maxRetries?: number;
}

export const runtimeNames = ["container", "unikernel", "microvm"] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export const tiers = ["worker", "core"] as const;
export type Tier = (typeof tiers)[number];

export const managedWays = ["heal", "report", "ignore"] as const;
export type Managed = (typeof managedWays)[number];

export const updateOrders = ["stop-first", "start-first"] as const;
export type UpdateOrder = (typeof updateOrders)[number];

export const routeModes = ["l4", "l7"] as const;
export type RouteMode = (typeof routeModes)[number];
