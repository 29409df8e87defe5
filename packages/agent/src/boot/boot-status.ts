import type { Agent } from "../agent.ts";
import { bootNotes } from "./notes.ts";
import type { BootReport } from "./telling.ts";

export interface BootStatus {
  /** Absent once the boot sequence is done, and where there is none. */
  readonly report?: BootReport;
  /** What of it does not agree with this node, and what was given up. */
  readonly notes: readonly string[];
}

export async function bootStatus({ bootSequence, engine, deps }: Agent): Promise<BootStatus> {
  const { report } = bootSequence;
  const notes = [...bootSequence.givenUp(), ...(await bootNotes(engine.boot.stages, deps.registry))];
  return { ...(report && { report }), notes };
}
