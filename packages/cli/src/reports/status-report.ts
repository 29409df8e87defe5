import type {
  ComponentStatusJson,
  EventJson,
  LiveCheckResponseJson,
  LiveInstanceJson,
  StatusResponseJson,
} from "@mcp/client";
import { type BootReport, bootReport } from "./boot-report.ts";
import { type ServiceReport, serviceReport } from "./service-reports.ts";
import { numberOf, numberOrNull, orNull, wordOf } from "./words.ts";

export interface StatusReport {
  readonly node: string;
  readonly services: readonly ServiceStatusReport[];
  /** The newest first. */
  readonly recentEvents: readonly EventReport[];
  /** What runs with labels of mcp and belongs to no service that the agent knows. */
  readonly unmanaged: readonly InstanceReport[];
  /** What is beside them and not ours, at most 50 of them; none where a service was named. */
  readonly strangers: readonly StrangerReport[];
  /** Of all that there are. */
  readonly strangerCount: number;
  /** Null once the boot sequence is done, and where there is none. */
  readonly boot: BootReport | null;
  /** What of the agent's config does not agree with this node. */
  readonly notes: readonly string[];
}

export interface StrangerReport {
  readonly name: string;
  /** `container`, say. */
  readonly what: string;
  /** `created`, `starting`, `running`, `stopping`, `exited`; empty where it has none. */
  readonly state: string;
  readonly image: string;
}

export interface ServiceStatusReport {
  readonly service: ServiceReport;
  readonly components: readonly ComponentStatusReport[];
  /** The id of the operation under way. */
  readonly runningOperation: string | null;
  /** `repair` where the agent itself began it; else what was asked for: `deploy`, `stop`, ... */
  readonly runningOperationKind: string | null;
}

export interface ComponentStatusReport {
  readonly name: string;
  readonly instance: string | null;
  readonly desired: string;
  /** `running`, `starting`, `unhealthy`, `stopping`, `stopped`, `exited`, `crash-looping`, `missing`, `unknown`. */
  readonly observed: string;
  readonly drift: readonly { readonly kind: string; readonly text: string }[];
  readonly since: string | null;
  readonly restarts: number;
  readonly lastExitCode: number | null;
  /** `container`, `unikernel`, `microvm`. */
  readonly runtime: string;
  /** Measured where a virtual machine is among what was asked for, as is `cpuCores`. */
  readonly memoryBytes: number | null;
  readonly cpuCores: number | null;
  /** What its health check says; null: it has none, or nobody has had an answer yet. */
  readonly health: HealthReport | null;
  /** When it is started again, where it waits for that. */
  readonly nextTryAt: string | null;
  /** How many of its lives in a row ended too soon, where that makes a crash loop; else 0. */
  readonly quickEnds: number;
  /** Of a virtual machine on a bridge; else empty. */
  readonly address: string;
}

export interface HealthReport {
  /** `starting`, `healthy`, `unhealthy`. */
  readonly state: string;
  readonly since: string | null;
  /** What the last check met. */
  readonly text: string;
}

export interface EventReport {
  readonly id: number;
  readonly at: string | null;
  readonly service: string;
  readonly component: string;
  readonly kind: string;
  readonly text: string;
  /** The drift that was found, such as `missing`; empty where there is none, or where it is over. */
  readonly drift: string;
}

export function statusReport(status: StatusResponseJson): StatusReport {
  return {
    node: status.node ?? "",
    services: (status.services ?? []).map(({ service = {}, components = [], ...running }) => ({
      service: serviceReport(service),
      components: components.map(componentStatusReport),
      runningOperation: running.runningOperation || null,
      runningOperationKind: running.runningOperationKind || null,
    })),
    recentEvents: (status.recentEvents ?? []).map(eventReport),
    unmanaged: (status.unmanaged ?? []).map(instanceReport),
    boot: bootReport(status.boot),
    notes: status.notes ?? [],
    strangers: (status.strangers ?? []).map(({ name = "", what = "", state = "", image = "" }) => ({
      name,
      what,
      state,
      image,
    })),
    strangerCount: status.strangerCount ?? 0,
  };
}

function componentStatusReport(status: ComponentStatusJson): ComponentStatusReport {
  return {
    name: status.name ?? "",
    instance: status.instance || null,
    desired: wordOf(status.desired, "DESIRED_STATE_"),
    observed: wordOf(status.observed, "OBSERVED_STATE_"),
    drift: (status.drift ?? []).map(({ kind = "", text = "" }) => ({ kind, text })),
    since: orNull(status.since),
    restarts: status.restarts ?? 0,
    lastExitCode: orNull(status.lastExitCode),
    runtime: status.runtime ?? "",
    memoryBytes: numberOrNull(status.memoryBytes),
    cpuCores: status.cpuCores === undefined ? null : Number(status.cpuCores),
    health: status.health ? healthReport(status.health) : null,
    nextTryAt: orNull(status.nextTryAt),
    quickEnds: status.quickEnds ?? 0,
    address: status.address ?? "",
  };
}

const healthReport = ({ state = "", since, text = "" }: NonNullable<ComponentStatusJson["health"]>) => ({
  state,
  since: orNull(since),
  text,
});

export function eventReport(event: EventJson): EventReport {
  return {
    id: numberOf(event.id),
    at: orNull(event.at),
    service: event.service ?? "",
    component: event.component ?? "",
    kind: event.kind ?? "",
    text: event.text ?? "",
    drift: event.drift ?? "",
  };
}

export interface PsReport {
  readonly instances: readonly InstanceReport[];
  /** Why a runtime could not be asked: what it runs is unknown. */
  readonly problems: readonly string[];
}

export interface InstanceReport {
  readonly service: string;
  readonly component: string;
  readonly instance: string;
  readonly runtime: string;
  /** As `observed` of a component's status. */
  readonly state: string;
  readonly startedAt: string | null;
  readonly exitCode: number | null;
  readonly image: string;
  readonly ports: readonly string[];
  readonly revision: number | null;
  readonly address: string;
  /** With `--wide` only, as is `cpuCores`. */
  readonly memoryBytes: number | null;
  readonly cpuCores: number | null;
  readonly pid: number | null;
}

export const psReport = ({ instances = [], problems = [] }: LiveCheckResponseJson): PsReport => ({
  instances: instances.map(instanceReport).sort(byService),
  problems,
});

/** Within a service as the agent has them. */
const byService = (a: InstanceReport, b: InstanceReport): number =>
  a.service < b.service ? -1 : a.service > b.service ? 1 : 0;

function instanceReport(live: LiveInstanceJson): InstanceReport {
  const cpu = live.cpuCores === undefined ? null : Number(live.cpuCores);
  const memoryBytes = numberOrNull(live.memoryBytes);
  return {
    service: live.service ?? "",
    component: live.component ?? "",
    instance: live.instance ?? "",
    runtime: live.runtime ?? "",
    state: wordOf(live.observed, "OBSERVED_STATE_"),
    startedAt: orNull(live.startedAt),
    exitCode: orNull(live.exitCode),
    image: live.image ?? "",
    ports: live.ports ?? [],
    revision: numberOrNull(live.revision),
    address: live.address ?? "",
    memoryBytes,
    // Left out on the wire where it is 0, which is a true value of what was measured.
    cpuCores: cpu ?? (memoryBytes === null ? null : 0),
    pid: live.pid || null,
  };
}
