import { type BootProgress, isEndOfShutdown } from "@mcp/planner";
import type { Registry, ServiceRecord } from "@mcp/registry";
import type { WorkloadExit } from "@mcp/runtime";

/** What is known of the boot that the agent lives in, kept so that a new agent goes on where the last one was. */
export interface BootRecord {
  readonly v: 1;
  /** The kernel's: another one after each boot of the machine. */
  readonly bootId: string;
  /** Of the stages, by name. */
  readonly progress: BootProgress;
  /** The stage that began last, and when that was, in ms since the boot. Absent: none, or an agent of before wrote this. */
  readonly begun?: { readonly stage: string; readonly uptimeMs: number };
  /** The sequence has come to its end: nothing is held any more. */
  readonly isDone: boolean;
  /** Services that somebody has acted on since the boot: they are not held. */
  readonly asked: readonly string[];
  /** When the agent was asked to end, as it is when the machine is shut down; absent while one lives. */
  readonly stoppedAtMs?: number;
  /** When the machine began to go down before this boot; absent: it was cut off, or nobody saw. */
  readonly shutDownAtMs?: number;
  /** Instances that ran when the machine went down, with the start of the life that ended so. */
  readonly cutOff: Readonly<Record<string, number>>;
}

const key = "boot";

/**
 * The record of this boot: that of an earlier agent, or a new one. Where no earlier boot is known nothing was cut off by
 * its end.
 */
export async function loadBootRecord(
  registry: Registry,
  bootId: string,
  hasStages: boolean,
): Promise<BootRecord> {
  const text = await registry.meta(key);
  const known = text === undefined ? undefined : (JSON.parse(text) as BootRecord);
  const { stoppedAtMs, ...goesOn } = known ?? {};
  if (known?.bootId === bootId) return goesOn as BootRecord;
  const cutOff = known ? findCutOff(await registry.services(), stoppedAtMs) : {};
  const shutDown = stoppedAtMs === undefined ? {} : { shutDownAtMs: stoppedAtMs };
  return { v: 1, bootId, progress: {}, isDone: !hasStages, asked: [], ...shutDown, cutOff };
}

export const saveBootRecord = (registry: Registry, record: BootRecord): Promise<void> =>
  registry.setMeta(key, JSON.stringify(record));

/** What was started, and was not seen to end before the machine went down. */
function findCutOff(
  services: readonly ServiceRecord[],
  shutDownAtMs: number | undefined,
): Record<string, number> {
  const instances = services.flatMap((service) => service.instances);
  return Object.fromEntries(
    instances.flatMap(({ name, startedAtMs, lastExit }) => {
      if (startedAtMs === undefined) return [];
      const endedAtMs = (lastExit as WorkloadExit | undefined)?.atMs;
      const hasEnded =
        endedAtMs !== undefined && endedAtMs >= startedAtMs && !isEndOfShutdown(endedAtMs, shutDownAtMs);
      return hasEnded ? [] : [[name, startedAtMs]];
    }),
  );
}
