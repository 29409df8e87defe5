import type { Proposal } from "@mcp/registry";
import type { ServiceState } from "../engine/service-state.ts";
import type { Revision } from "../revision/revision.ts";

/** What a revision wants to be so, and which names and ports it claims for that. */
export type Wishes = Pick<Proposal, "service" | "managed" | "desired" | "components" | "ports">;

/** The same for a deploy and for its plan. A deploy of one component does not undo a stop of the others. */
export function wishesOf(
  { service, complete, components }: Revision,
  onlyComponent: string | undefined,
  current: ServiceState | undefined,
): Wishes {
  const wanted = complete.active ? ("running" as const) : ("stopped" as const);
  const held = new Map(current?.record.components.map(({ name, desired }) => [name, desired]));
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
  };
}
