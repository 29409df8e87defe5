import type { BootProgressJson } from "@mcp/client";

/** Where the boot sequence is. */
export interface BootReport {
  readonly stage: string;
  /** From 1. */
  readonly number: number;
  readonly stages: number;
  /** What of the stage is not well, and how it is. */
  readonly waitingFor: readonly string[];
  /** Its time is up, and what comes after it waits on. */
  readonly late: boolean;
}

export const bootReport = (boot: BootProgressJson | undefined): BootReport | null =>
  boot
    ? {
        stage: boot.stage ?? "",
        number: boot.number ?? 0,
        stages: boot.stages ?? 0,
        waitingFor: boot.waitingFor ?? [],
        late: boot.late ?? false,
      }
    : null;
