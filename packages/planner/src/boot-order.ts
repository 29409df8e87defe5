/** One stage of a boot sequence, as the agent's config has it. */
export interface BootStage {
  readonly name: string;
  /** No service is in two stages. */
  readonly services: readonly string[];
  readonly timeoutMs: number;
  /** What comes after it waits for it, however long that takes. */
  readonly blocks: boolean;
}

/**
 * How a stage stands that has begun. `late`: it blocks, its time is up, and it is tried on. `gave-up`: its time was up, and
 * the next stage has begun without it.
 */
export type StageState = "late" | "gave-up" | "passed";

/** By stage's name; one that is not in it has not ended, and is not late. */
export type BootProgress = Readonly<Record<string, StageState>>;

/** What was found of a stage that has not passed. */
export interface StageFacts {
  /** What it waits for, for people; empty: all of it is well. */
  readonly waitingFor: readonly string[];
  /** Since it began, by a clock that cannot jump. */
  readonly elapsedMs: number;
}

/** The stage that is under way: the first that has neither passed nor been given up. Undefined: the sequence is done. */
export function currentStage(stages: readonly BootStage[], progress: BootProgress): number | undefined {
  const index = stages.findIndex(({ name }) => !hasEnded(progress[name]));
  return index === -1 ? undefined : index;
}

/**
 * Whether a service may be put right by itself now: once its stage has begun, and where no stage names it, once the last
 * one has ended.
 */
export function mayRecover(stages: readonly BootStage[], progress: BootProgress, service: string): boolean {
  const current = currentStage(stages, progress);
  if (current === undefined) return true;
  const own = stages.findIndex(({ services }) => services.includes(service));
  return own !== -1 && own <= current;
}

/**
 * What a stage becomes by what was found of it. One that was given up passes later all the same, once it is well; undefined:
 * it goes on as it is.
 */
export function nextStageState(
  { timeoutMs, blocks }: BootStage,
  state: StageState | undefined,
  { waitingFor, elapsedMs }: StageFacts,
): StageState | undefined {
  if (state === "passed") return undefined;
  if (waitingFor.length === 0) return "passed";
  if (elapsedMs < timeoutMs || state === "gave-up") return undefined;
  const next = blocks ? "late" : "gave-up";
  return state === next ? undefined : next;
}

const hasEnded = (state: StageState | undefined): boolean => state === "passed" || state === "gave-up";
