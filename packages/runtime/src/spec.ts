import type { BridgeAttachment } from "./guest-network.ts";
import type { ImagePin } from "./images.ts";
import type { RuntimeKind } from "./runtime.ts";

/** Everything a backend needs to start one instance. Values are checked and complete: no defaults are left to fill. */
export interface WorkloadSpec {
  /** The instance's name, unique on this host. */
  readonly name: string;
  readonly kind: RuntimeKind;
  readonly labels: WorkloadLabels;
  readonly image: ImagePin;
  /** Also its alias on the network. */
  readonly hostname: string;
  /** Absent: the image's own. */
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir?: string;
  /** `uid:gid`, or names that the image knows. */
  readonly user?: string;
  readonly ports: readonly PortMapping[];
  readonly volumes: readonly VolumeMount[];
  readonly network: string;
  /** Virtual machines: where they are on an isolated bridge. Absent: the backend's own networking. `ports` is empty then. */
  readonly attachment?: BridgeAttachment;
  readonly memoryMiB?: number;
  readonly vcpus?: number;
  /** Unikernels: which part of the image they take along; absent: all of it. */
  readonly files?: readonly string[];
}

/** What a runtime shows of ours, so that an agent with an empty registry can still say what is there. */
export interface WorkloadLabels {
  readonly service: string;
  readonly component: string;
  readonly instance: string;
  readonly revision: number;
  readonly specHash: string;
}

export interface PortMapping {
  /** Host address; empty means every address. */
  readonly address: string;
  readonly host: number;
  readonly guest: number;
  readonly protocol: "tcp" | "udp";
}

export interface VolumeMount {
  /**
   * Absolute, links resolved, inside the allowed folders: the agent has checked. A backend gives what lies at this very
   * path, also if somebody exchanges a part of it for a link meanwhile; it looks at what it gives before the workload runs.
   */
  readonly host: string;
  readonly guest: string;
  readonly readOnly: boolean;
  /** SELinux: relabel for this workload alone. */
  readonly relabel: boolean;
}

/** The label keys, the same for every backend that has labels. */
export const labelKeys = {
  service: "mcp.service",
  component: "mcp.component",
  instance: "mcp.instance",
  revision: "mcp.revision",
  specHash: "mcp.spec-hash",
} as const satisfies Record<keyof WorkloadLabels, string>;

export function labelsToRecord(labels: WorkloadLabels): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labelKeys).map(([field, key]) => [key, String(labels[field as keyof WorkloadLabels])]),
  );
}

/** Anybody can write labels that look like ours, and they are shown on terminals. */
const isLabel = (value: string | undefined): value is string =>
  value !== undefined && /^[\x21-\x7e]{1,255}$/.test(value);

/** Undefined unless every one of our labels is there and well formed. */
export function labelsFromRecord(record: Readonly<Record<string, string>>): WorkloadLabels | undefined {
  const service = record[labelKeys.service];
  const component = record[labelKeys.component];
  const instance = record[labelKeys.instance];
  const specHash = record[labelKeys.specHash];
  const revision = Number(record[labelKeys.revision]);
  if (!isLabel(service) || !isLabel(component) || !isLabel(instance) || !isLabel(specHash)) return undefined;
  if (!Number.isSafeInteger(revision)) return undefined;
  return { service, component, instance, revision, specHash };
}
