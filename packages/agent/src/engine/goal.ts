import {
  type ComponentGoal,
  healthLimitMs,
  type Instance,
  type ServiceGoal,
  type Target,
} from "@mcp/planner";
import type { InstanceRecord, ServiceRecord } from "@mcp/registry";
import type { RuntimeKind, WorkloadExit, WorkloadSpec } from "@mcp/runtime";
import type { PinnedComponent, Revision } from "../revision/revision.ts";

/**
 * The registry's records as the planner's goal. While a candidate is tried its components are the targets, else those
 * of the current revision.
 */
export function toGoal(
  record: ServiceRecord,
  revisions: ReadonlyMap<number, Revision>,
  cause: ServiceGoal["cause"],
  freshSuffix: () => string,
): ServiceGoal {
  const aimed = record.candidate?.state === "trying" ? record.candidate.revision : record.currentRevision;
  const aim = aimed === undefined ? undefined : revisions.get(aimed);
  // Without its revision a service would look as if nothing were wanted of it, and all of it would be removed.
  if (aimed !== undefined && !aim) throw new Error(`revision ${aimed} of ${record.name} was not loaded`);
  const targets = new Map(aim?.components.map((component) => [component.name, component]));
  const ofComponent = Map.groupBy(record.instances, ({ component }) => component);
  const names = new Set([
    ...targets.keys(),
    ...record.components.map(({ name }) => name),
    ...ofComponent.keys(),
  ]);
  const grace = (instance: InstanceRecord): number =>
    revisions.get(instance.revision)?.components.find(({ name }) => name === instance.component)?.graceMs ??
    targets.get(instance.component)?.graceMs ??
    defaultGraceMs;

  const components = [...names].map((name): ComponentGoal => {
    const component = record.components.find((candidate) => candidate.name === name);
    const target = targets.get(name);
    const knownName = target?.knownName ?? component?.knownName ?? name;
    return {
      name,
      desired: component?.desired ?? "running",
      ...(target && aim && { target: toTarget(target, aim.number, record) }),
      instances: (ofComponent.get(name) ?? []).map((instance) => toInstance(instance, grace(instance))),
      ...(component?.restartBeforeMs !== undefined && { restartBeforeMs: component.restartBeforeMs }),
      freshName: `${knownName}.${freshSuffix()}`,
    };
  });
  return {
    service: record.name,
    desired: record.desired,
    managed: record.managed,
    ...(record.currentRevision !== undefined && { current: record.currentRevision }),
    ...(record.candidate && { candidate: record.candidate }),
    cause,
    components,
  };
}

/** What a component has on its bridge, of one of the revisions that matter now. */
export const addressOf = (
  { addresses }: Pick<ServiceRecord, "addresses">,
  revision: number,
  component: string,
): string | undefined =>
  addresses.find((each) => each.revision === revision && each.component === component)?.address;

/** For an instance whose revision is no longer kept. */
const defaultGraceMs = 10_000;

function toTarget(component: PinnedComponent, revision: number, record: ServiceRecord): Target {
  const { bridge, name } = component;
  const address = addressOf(record, revision, name);
  const { specHash, runtime, image, ports, dependsOn, update, restart, startPeriodMs, health } = component;
  return {
    revision,
    specHash,
    kind: runtime,
    image,
    ports,
    ...(bridge && { place: { bridge: bridge.name, ...(address !== undefined && { address }) } }),
    dependsOn,
    update,
    restart,
    startPeriodMs,
    ...(health && { health: { restart: health.restart, limitMs: healthLimitMs(health) } }),
  };
}

function toInstance(record: InstanceRecord, graceMs: number): Instance {
  const { name, role, specHash, startedAtMs, restarts, quickEnds, lastExit } = record;
  const { ports, attachment } = record.spec as WorkloadSpec;
  return {
    name,
    role,
    kind: record.kind as RuntimeKind,
    specHash,
    ports,
    ...(attachment && { place: { bridge: attachment.bridge.name, address: attachment.address } }),
    graceMs,
    ...(startedAtMs !== undefined && { startedAtMs }),
    restarts,
    quickEnds,
    ...(lastExit !== undefined && { lastExit: lastExit as WorkloadExit }),
  };
}

const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

/** In the place of a suffix, which never has three letters. */
export const unnamed = "new";

/** Five letters and digits: enough that instances of one component never meet the name of another. */
export function randomSuffix(random: () => number): string {
  return Array.from({ length: 5 }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
}
