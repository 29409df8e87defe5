import { type Condition, componentKey, conditionKey } from "./condition.ts";

export interface AlertSettings {
  /** While a condition lasts it is told again after so long, in ms. */
  readonly cooldownMs: number;
  /** What begins more often than this within `flapWindowMs` is told once as flapping. */
  readonly flapThreshold: number;
  readonly flapWindowMs: number;
}

export const alertDefaults: AlertSettings = {
  cooldownMs: 6 * 3_600_000,
  flapThreshold: 5,
  flapWindowMs: 600_000,
};

/** What is wrong now, by who found it. */
export interface Found {
  readonly findings: readonly Finding[];
  /** Who has looked since the agent started: what they do not find is over. Of the others nothing is known yet. */
  readonly reported: ReadonlySet<string>;
  /** Components, as `service/component`, of which nothing is over though it is not found: they are not well yet. */
  readonly unsettled: ReadonlySet<string>;
}

export interface Finding {
  readonly finder: string;
  readonly condition: Condition;
}

/** What was told, and what may have to be: all that the next decision needs. */
export interface AlertMemory {
  /** When it was last decided; absent in a memory of an earlier life. */
  readonly atMs?: number;
  /** By key. */
  readonly entries: readonly Remembered[];
  /** Since when there is something to tell, which waits for what comes together with it. */
  readonly gatheringSinceMs?: number;
  /** When things were last unknown because of something else that is told. */
  readonly hiddenAtMs?: number;
  /** When the last summary was told. */
  readonly summaryAtMs?: number;
}

/** One condition that is there, or was. All times are by the wall clock, in ms. */
export interface Remembered {
  readonly key: string;
  readonly finder: string;
  /** As it was when it began, or was last told. */
  readonly condition: Condition;
  readonly sinceMs: number;
  /** Absent while it is there. */
  readonly overSinceMs?: number;
  /** When it was last told; absent if it was not, or its end was. */
  readonly toldAtMs?: number;
  /** The channels that know of it, while it was told; absent: all. */
  readonly toldTo?: readonly string[];
  /** Those within the flap window, oldest first, and no more than can matter. */
  readonly beginnings: readonly number[];
  /** It comes and goes: `noticed`, then `told`. */
  readonly flapping?: "noticed" | "told";
}

/** When a decision is made. */
export interface Moment {
  readonly nowMs: number;
  /** How long ago the last one was made, by a clock that cannot jump; absent at the first of a life. */
  readonly sinceLastMs?: number;
}

/** Less than this is no jump of the clock. */
const leastJumpMs = 1_000;

/**
 * The memory with its times moved along when somebody has set the clock, so that a jump changes nothing of what is
 * told. Where that cannot be known, at the first decision of a life, a time in the future becomes now: it would keep
 * silence for as long as the clock was wrong.
 */
export function inTime(memory: AlertMemory, { nowMs, sinceLastMs }: Moment): AlertMemory {
  if (memory.atMs === undefined || sinceLastMs === undefined)
    return moved(memory, (ms) => Math.min(ms, nowMs));
  const jumpMs = nowMs - (memory.atMs + sinceLastMs);
  return Math.abs(jumpMs) < leastJumpMs ? memory : moved(memory, (ms) => ms + jumpMs);
}

function moved(memory: AlertMemory, move: (ms: number) => number): AlertMemory {
  return {
    ...memory,
    ...(memory.gatheringSinceMs !== undefined && { gatheringSinceMs: move(memory.gatheringSinceMs) }),
    ...(memory.hiddenAtMs !== undefined && { hiddenAtMs: move(memory.hiddenAtMs) }),
    ...(memory.summaryAtMs !== undefined && { summaryAtMs: move(memory.summaryAtMs) }),
    entries: memory.entries.map((entry) => ({
      ...entry,
      sinceMs: move(entry.sinceMs),
      ...(entry.overSinceMs !== undefined && { overSinceMs: move(entry.overSinceMs) }),
      ...(entry.toldAtMs !== undefined && { toldAtMs: move(entry.toldAtMs) }),
      beginnings: entry.beginnings.map(move),
    })),
  };
}

/** The entries after what was found now: what began, what is over, what flaps, and what can be forgotten. */
export function remember(
  entries: readonly Remembered[],
  { findings, reported, unsettled }: Found,
  settings: AlertSettings,
  nowMs: number,
): Remembered[] {
  const found = new Map(findings.map((finding) => [conditionKey(finding.condition), finding]));
  const known = new Set(entries.map(({ key }) => key));
  const before = entries.map((entry) => {
    const finding = found.get(entry.key);
    if (finding) return seen(entry, finding, settings, nowMs);
    const isOver = reported.has(entry.finder) && !unsettled.has(componentKey(entry.condition));
    return entry.overSinceMs === undefined && isOver ? { ...entry, overSinceMs: nowMs } : entry;
  });
  const begun = [...found].flatMap(([key, { finder, condition }]): Remembered[] =>
    known.has(key) ? [] : [{ key, finder, condition, sinceMs: nowMs, beginnings: [nowMs] }],
  );
  return [...before, ...begun]
    .map((entry) => judgeFlapping(entry, settings, nowMs))
    .filter((entry) => entry.overSinceMs === undefined || isStillNeeded(entry, settings, nowMs))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function seen(entry: Remembered, { finder, condition }: Finding, settings: AlertSettings, nowMs: number) {
  const { overSinceMs, ...rest } = entry;
  if (overSinceMs === undefined) return { ...entry, finder };
  // One whose end was not told yet has, for whoever is told, never ended.
  const isNew = entry.toldAtMs === undefined;
  return {
    ...rest,
    finder,
    ...(isNew && { condition, sinceMs: nowMs }),
    beginnings: [...entry.beginnings, nowMs].slice(-settings.flapThreshold - 1),
  };
}

function judgeFlapping(entry: Remembered, settings: AlertSettings, nowMs: number): Remembered {
  const recent = entry.beginnings.filter((ms) => nowMs - ms < settings.flapWindowMs);
  const beginnings = recent.length === entry.beginnings.length ? entry.beginnings : recent;
  if (entry.flapping) {
    if (nowMs < calmAtMs(entry, settings)) return entry;
    const { flapping, ...calm } = entry;
    return { ...calm, beginnings: [] };
  }
  const isFlapping = beginnings.length > settings.flapThreshold;
  return { ...entry, beginnings, ...(isFlapping && { flapping: "noticed" }) };
}

/** When one that flaps is calm, if nothing more happens. */
export const calmAtMs = ({ beginnings, overSinceMs, sinceMs }: Remembered, settings: AlertSettings): number =>
  Math.max(beginnings.at(-1) ?? sinceMs, overSinceMs ?? 0) + settings.flapWindowMs;

const isStillNeeded = (
  { toldAtMs, flapping, beginnings }: Remembered,
  { flapWindowMs }: AlertSettings,
  nowMs: number,
): boolean =>
  toldAtMs !== undefined || flapping !== undefined || beginnings.some((ms) => nowMs - ms < flapWindowMs);
