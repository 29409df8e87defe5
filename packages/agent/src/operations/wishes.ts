import { collide, type Place, portsOverlap } from "@mcp/planner";
import type { Proposal, SizeClaim } from "@mcp/registry";
import type { ServiceState } from "../engine/service-state.ts";
import { type PinnedComponent, type Revision, subnetOf } from "../revision/revision.ts";

/** What a revision wants to be so, and which names, ports and sizes it claims for that. */
export type Wishes = Pick<
  Proposal,
  "service" | "managed" | "desired" | "components" | "ports" | "sizes" | "addresses" | "answered"
>;

/** The same for a deploy and for its plan. A deploy of one component does not undo a stop of the others. */
export function wishesOf(
  { service, complete, components }: Revision,
  onlyComponent: string | undefined,
  current: ServiceState | undefined,
): Wishes {
  const wanted = complete.active ? ("running" as const) : ("stopped" as const);
  const held = new Map(current?.record.components.map(({ name, desired }) => [name, desired]));
  const running = current?.revisions.get(current.record.currentRevision ?? -1)?.components;
  const isAsked = (name: string): boolean => onlyComponent === undefined || name === onlyComponent;
  return {
    service,
    managed: complete.managed,
    desired: wanted,
    components: components.map(({ name, knownName }) => ({
      name,
      knownName,
      desired: isAsked(name) ? wanted : (held.get(name) ?? wanted),
    })),
    ports: components.flatMap(({ name, ports }) =>
      ports.map(({ address, host, protocol }) => ({ component: name, address, port: host, protocol })),
    ),
    sizes: components.flatMap((component) => sizeOf(component, running)),
    addresses: components.flatMap(({ name, bridge }) =>
      bridge ? [{ component: name, subnet: subnetOf(bridge) }] : [],
    ),
  };
}

/** Of a container memory and vcpus are limits, which promise nothing. */
function sizeOf(
  component: PinnedComponent,
  running: readonly PinnedComponent[] | undefined,
): readonly SizeClaim[] {
  const { name, runtime, memoryMiB, vcpus = 1 } = component;
  if (runtime === "container" || memoryMiB === undefined) return [];
  const old = running?.find((each) => each.name === name);
  const isBeside =
    component.update === "start-first" &&
    old !== undefined &&
    old.specHash !== component.specHash &&
    !portsOverlap(old.ports, component.ports) &&
    !collide(placeOf(old), placeOf(component));
  return [{ component: name, memoryMiB, vcpus, isBeside }];
}

const placeOf = ({ bridge }: PinnedComponent): Place | undefined => bridge && { bridge: bridge.name };
