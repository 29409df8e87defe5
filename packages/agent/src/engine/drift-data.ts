import type { DriftKind, ObservedState } from "@mcp/planner";

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

/** Of an event's data: the kind of drift that it tells; empty if none. */
export function driftOf(data: unknown): string {
  const { drift } = (data ?? {}) as Partial<DriftData>;
  return typeof drift === "string" ? drift : "";
}
