import type { GivenAddress, ServiceRecord } from "@mcp/registry";
import type { ServiceState } from "../engine/service-state.ts";
import type { Revision } from "../revision/revision.ts";
import type { Wishes } from "./wishes.ts";

/** The service as it would stand in the registry once the revision is proposed. */
export function proposed(
  revision: Revision,
  wishes: Wishes,
  current: ServiceState | undefined,
  given: readonly GivenAddress[] = [],
): ServiceState {
  const { service, desired, managed, components } = wishes;
  const kept = (current?.record.components ?? []).filter(
    ({ name }) => !components.some((wished) => wished.name === name),
  );
  const record: ServiceRecord = {
    updatedAtMs: 0,
    instances: [],
    ...current?.record,
    name: service,
    desired,
    managed,
    candidate: { revision: revision.number, state: "trying" },
    components: [...components, ...kept],
    addresses: [
      ...(current?.record.addresses ?? []),
      ...given.map((each) => ({ ...each, revision: revision.number })),
    ],
  };
  return { record, revisions: new Map([...(current?.revisions ?? []), [revision.number, revision]]) };
}

/** The service as it would stand once somebody asked for that of it. */
export function withDesired(
  state: ServiceState,
  desired: "running" | "stopped",
  component: string | undefined,
): ServiceState {
  const components = state.record.components.map((each) =>
    component === undefined || each.name === component ? { ...each, desired } : each,
  );
  return { ...state, record: { ...state.record, desired, components } };
}
