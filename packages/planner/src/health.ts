import type { Health } from "./observation.ts";

/** How a component is asked how it is, as its definition says. */
export interface HealthRules {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** How many failures in a row make it unhealthy. */
  readonly retries: number;
  /** How long after its start failures do not count, unless it has passed once. */
  readonly startPeriodMs: number;
}

/** What one check met. */
export interface CheckResult {
  readonly passed: boolean;
  /** For people. */
  readonly text: string;
}

/** All that is known of the checks of one life of an instance. */
export interface HealthRecord extends Health {
  /** Of all checks so far. */
  readonly checks: number;
  /** In a row, of those that count. */
  readonly failures: number;
  /** When the last failure counted, by the clock that cannot jump. */
  readonly countedAtMs?: number;
  /**
   * It ran long before anybody asked, as after a restart of the agent: until a check says otherwise it is taken for what it
   * most probably is, and not for one that has yet to come up.
   */
  readonly isPresumedUp: boolean;
}

/** By the agent's clock, and by the one that cannot jump. */
export interface Moment {
  readonly nowMs: number;
  readonly monotonicMs: number;
  /** Since when it runs, by the latter; may be negative. */
  readonly runsSinceMs: number;
}

const firstPauseMs = 100;
const pauseGrowth = 1.5;
/** While somebody waits for it: a deploy is not to be slowed by a long interval. */
const longestStartingPauseMs = 2_000;
const jitter = 0.1;

export const firstHealth = (at: Moment, isPresumedUp: boolean): HealthRecord => ({
  state: "starting",
  sinceMs: at.nowMs,
  text: "it was not asked yet",
  hasPassed: isPresumedUp,
  checks: 0,
  failures: 0,
  isPresumedUp,
});

/**
 * What is known after one more check. The first success makes it healthy. Until then failures within the start period do not
 * count, and after it one counts per interval, however often it is asked: the quick checks of a start must not use up
 * the retries. `retries` that count in a row make it unhealthy; a success makes it healthy again.
 */
export function afterCheck(
  before: HealthRecord,
  { passed, text }: CheckResult,
  rules: HealthRules,
  at: Moment,
): HealthRecord {
  const checks = before.checks + 1;
  const { isPresumedUp, hasPassed } = before;
  const turn = (state: Health["state"]): Pick<Health, "state" | "sinceMs"> =>
    before.state === state ? { state, sinceMs: before.sinceMs } : { state, sinceMs: at.nowMs };
  if (passed) return { ...turn("healthy"), text, hasPassed: true, checks, failures: 0, isPresumedUp };
  if (!counts(before, rules, at)) return { ...before, text, checks };
  const failures = Math.min(before.failures + 1, rules.retries);
  const state = failures >= rules.retries ? "unhealthy" : before.state;
  return { ...turn(state), text, hasPassed, checks, failures, countedAtMs: at.monotonicMs, isPresumedUp };
}

function counts({ state, isPresumedUp, countedAtMs }: HealthRecord, rules: HealthRules, at: Moment): boolean {
  if (state !== "starting" || isPresumedUp) return true;
  if (at.monotonicMs - at.runsSinceMs < rules.startPeriodMs) return false;
  return countedAtMs === undefined || at.monotonicMs - countedAtMs >= rules.intervalMs;
}

/**
 * The pause until the next check, in ms: short and growing while it starts, else the interval, spread a little so that many
 * are not asked in step.
 *
 * @param random  in [0, 1).
 */
export function nextCheckInMs(record: HealthRecord, rules: HealthRules, random: number): number {
  const { intervalMs } = rules;
  if (record.state !== "starting" || record.isPresumedUp)
    return record.checks === 0 ? 0 : Math.round(intervalMs * (1 - jitter + 2 * jitter * random));
  if (record.checks === 0) return 0;
  const pauseMs = Math.min(firstPauseMs * pauseGrowth ** (record.checks - 1), longestStartingPauseMs);
  return Math.round(Math.min(pauseMs, intervalMs));
}

/** What is told of it; undefined while nobody knows. */
export const toldHealth = (record: HealthRecord): Health | undefined => {
  const { state, sinceMs, text, hasPassed, isPresumedUp, checks } = record;
  return state === "starting" && (isPresumedUp || checks === 0)
    ? undefined
    : { state, sinceMs, text, hasPassed };
};

/** After so long at the most it is known whether a new instance is healthy, in ms. */
export const healthLimitMs = ({ startPeriodMs, retries, intervalMs, timeoutMs }: HealthRules): number =>
  startPeriodMs + retries * (intervalMs + timeoutMs);
