import type { DriftKind, ObservedState } from "@mcp/planner";
import type { Registry } from "@mcp/registry";

/** What an `observed` event holds for programs. */
export interface DriftData {
  /** Null: it is over. */
  readonly drift: DriftKind | null;
  /** What it drifted by before, if it did. */
  readonly was?: DriftKind;
  readonly observed?: ObservedState;
}

export const driftData = (
  drift: DriftKind | undefined,
  was: DriftKind | undefined,
  observed?: ObservedState,
): DriftData => ({ drift: drift ?? null, ...(was && { was }), ...(observed && { observed }) });

/** Events of one component that are read to find its last drift. */
const mostRead = 20;

/**
 * What an earlier agent told of a component last, if that was drift: it is neither told again while it lasts, nor ends
 * untold. Undefined also where it is too long ago.
 */
export async function lastDrift(
  registry: Pick<Registry, "events">,
  service: string,
  component: string,
): Promise<{ readonly state: string; readonly drift: DriftKind } | undefined> {
  const events = await registry.events({ service, component, limit: mostRead, newest: true });
  const last = events.find(({ kind, data }) =>
    kind === "observed" ? driftOf(data) !== "unmanaged" : kind === "recovered" || kind === "crash_loop",
  );
  const drift = last?.kind === "observed" ? driftOf(last.data) : "";
  return last && drift !== "" ? { state: last.text, drift: drift as DriftKind } : undefined;
}

/** Of an event's data: the kind of drift that it tells; empty if none. */
export function driftOf(data: unknown): string {
  const { drift } = (data ?? {}) as Partial<DriftData>;
  return typeof drift === "string" ? drift : "";
}
