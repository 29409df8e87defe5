import type { Condition, StageState } from "@mcp/planner";
import type { ConfiguredStage } from "./stage.ts";

/** Where the boot sequence is, for people and programs. */
export interface BootReport {
  readonly stage: string;
  /** From 1. */
  readonly number: number;
  readonly stages: number;
  readonly waitingFor: readonly string[];
  /** It blocks, and its time is up. */
  readonly isLate: boolean;
}

/** What is wrong with a stage that did not pass in time. */
export function stageCondition(
  { name }: ConfiguredStage,
  state: Exclude<StageState, "passed">,
  waitingFor: readonly string[],
): Condition {
  const text = `It waits for: ${waitingFor.join(", ")}.`;
  const common = {
    service: "",
    component: "",
    subject: name,
    hint: "see what is wrong: mcp status; what is mended goes on by itself",
  };
  return state === "late"
    ? {
        ...common,
        code: "boot_blocked",
        severity: "critical",
        title: `the boot is blocked by its stage ${name}`,
        text: `${text} What comes after it is not started; it is tried on.`,
      }
    : {
        ...common,
        code: "boot_stage_failed",
        severity: "warning",
        title: `the boot stage ${name} was not well in time`,
        text: `${text} What comes after it was started all the same.`,
      };
}

export const stageText = (stages: readonly ConfiguredStage[], index: number): string =>
  `boot stage ${index + 1} of ${stages.length} "${stages[index]?.name}"`;
