import type { ComponentGoal, Health, Instance, Observation, ServiceGoal, Sighting } from "@mcp/planner";
import type { PortMapping, WorkloadExit, WorkloadState } from "@mcp/runtime";
import { type ComponentDefinition, conflict, type Definition, isBroken } from "./definition.ts";

/** What runs: the truth, of which an observation may show less. */
export interface Workload {
  readonly specHash: string;
  readonly ports: readonly PortMapping[];
  readonly state: WorkloadState;
  readonly exit?: WorkloadExit;
  /** What its health check would say; absent: nobody has had an answer yet. */
  readonly health?: Health["state"];
}

export interface InstanceRecord extends Instance {
  readonly component: string;
}

/** What is wanted, as the registry keeps it. */
export interface ServiceRecord {
  desired: ServiceGoal["desired"];
  managed: ServiceGoal["managed"];
  current?: number;
  candidate?: { readonly revision: number; readonly state: "trying" | "rejected" };
  readonly components: Map<
    string,
    { desired: "running" | "stopped"; restartBeforeMs?: number; notBeforeMs?: number }
  >;
  readonly instances: Map<string, InstanceRecord>;
}

export const isUp = ({ state }: Workload): boolean =>
  state === "starting" || state === "running" || state === "stopping";

/** One service on one node: the registry's record of it, and its workloads. */
export class World {
  nowMs = 1_000_000;
  service: ServiceRecord | undefined;
  readonly revisions = new Map<number, Definition>();
  readonly workloads = new Map<string, Workload>();
  readonly images = new Set<string>();
  /** What happened to it, for whoever has to understand a law that was broken. */
  readonly story: string[] = [];
  #namesGiven = 0;

  freshName(component: string): string {
    return `${component}.${++this.#namesGiven}`;
  }

  /** What should be there now, by component: the candidate's while it is tried, else what is current. */
  get aim(): { readonly revision: number; readonly definition: Definition } | undefined {
    const { candidate, current } = this.service ?? {};
    const revision = candidate?.state === "trying" ? candidate.revision : current;
    return revision === undefined ? undefined : { revision, definition: this.revisions.get(revision) ?? [] };
  }

  definitionOf(component: string): ComponentDefinition | undefined {
    return this.aim?.definition.find(({ name }) => name === component);
  }

  instancesOf(component: string): InstanceRecord[] {
    return [...(this.service?.instances.values() ?? [])].filter(
      (instance) => instance.component === component,
    );
  }

  goal(cause: ServiceGoal["cause"]): ServiceGoal {
    const { service, aim } = this;
    if (!service) throw new Error("there is no service");
    const names = new Set([
      ...(aim?.definition.map(({ name }) => name) ?? []),
      ...service.components.keys(),
      ...[...service.instances.values()].map(({ component }) => component),
    ]);
    return {
      service: "s",
      desired: service.desired,
      managed: service.managed,
      ...(service.current !== undefined && { current: service.current }),
      ...(service.candidate && { candidate: service.candidate }),
      cause,
      components: [...names].map((name) => this.#componentGoal(name, service)),
    };
  }

  #componentGoal(name: string, service: ServiceRecord): ComponentGoal {
    const definition = this.definitionOf(name);
    const component = service.components.get(name);
    return {
      name,
      desired: component?.desired ?? "running",
      ...(definition && { target: { ...definition, revision: this.aim?.revision ?? 0 } }),
      instances: this.instancesOf(name),
      ...(component?.restartBeforeMs !== undefined && { restartBeforeMs: component.restartBeforeMs }),
      ...(component?.notBeforeMs !== undefined && { notBeforeMs: component.notBeforeMs }),
      freshName: this.freshName(name),
    };
  }

  observe(isUnknown: (instance: string) => boolean = () => false): Observation {
    const sightings = [...(this.service?.instances.keys() ?? [])].map((name): [string, Sighting] => [
      name,
      isUnknown(name) ? { state: "unknown", why: "podman does not answer" } : this.#sight(name),
    ]);
    return { sightings: new Map(sightings), presentImages: new Set(this.images) };
  }

  #sight(name: string): Sighting {
    const workload = this.workloads.get(name);
    if (!workload) return { state: "missing" };
    const { state, specHash, exit, health } = workload;
    const component = this.service?.instances.get(name)?.component ?? "";
    if (state === "running" && health && this.definitionOf(component)?.health) {
      const hasPassed = health === "healthy";
      return { state, specHash, health: { state: health, sinceMs: 0, text: "its check", hasPassed } };
    }
    return state === "exited" ? { state, specHash, ...(exit && { exit }) } : { state, specHash };
  }

  /** A moment, in which ends what cannot run, and all else comes up and becomes healthy. */
  passTime(): void {
    this.nowMs++;
    for (const [name, workload] of this.workloads)
      if (isBroken(workload.specHash)) this.end(name, 1);
      else if (workload.state === "running" || workload.state === "starting")
        this.workloads.set(name, { ...workload, state: "running", health: "healthy" });
  }

  /** It ends by itself, or by somebody's hand. */
  end(name: string, code: number): void {
    const workload = this.workloads.get(name);
    if (!workload || !isUp(workload)) return;
    const exit = { atMs: this.nowMs, code, reason: "exited" } as const;
    const { health: _, ...rest } = workload;
    this.workloads.set(name, { ...rest, state: "exited", exit });
  }

  /** Of what runs besides. */
  holderOf(ports: readonly PortMapping[], besides: string): string | undefined {
    for (const [name, workload] of this.workloads)
      if (name !== besides && isUp(workload) && conflict(workload.ports, ports)) return name;
    return undefined;
  }
}
