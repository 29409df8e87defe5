import {
  type AlertMemory,
  type AlertSettings,
  calmAtMs,
  type Found,
  inTime,
  type Moment,
  type Remembered,
  remember,
} from "./alert-memory.ts";
import { type AlertMessage, messageOf, summaryOf } from "./alert-message.ts";
import { type Condition, conditionKey, hidesOthers } from "./condition.ts";

/** A warning that heals sooner than this is never told. */
const settleMs = { critical: 0, warning: 10_000 } as const;
/** What comes together is told together: so long is waited for the rest. */
export const gatherMs = 2_000;
/** After a summary, since more is to be expected. */
export const gatherAfterSummaryMs = 60_000;
/** More at the same moment become a summary. */
export const mostMessagesAtOnce = 5;

export interface AlertDecision {
  readonly messages: readonly AlertMessage[];
  /** What the next decision needs. */
  readonly memory: AlertMemory;
  /** When time alone will change the decision. */
  readonly wakeAtMs?: number;
}

/** What could be said of one condition, and from when on. */
interface Due {
  readonly state: "firing" | "recovered" | "flapping";
  readonly entry: Remembered;
  readonly condition: Condition;
  readonly dueMs: number;
  /** For some channels only. */
  readonly to?: readonly string[];
}

/**
 * What to tell now of what is wrong, given what was told before.
 *
 * Nothing is kept of what should be told: at each moment it follows from the difference between what is and what was
 * told, so that what heals while a message waits for others is never told, and a decision that is lost is made again.
 *
 * @param channels  those that there are. One that has not heard of what was told to others is told while it lasts, and the
 *   end of something is only for those that heard of it.
 */
export function decideAlerts(
  found: Found,
  before: AlertMemory,
  settings: AlertSettings,
  moment: Moment,
  channels: readonly string[] = [],
): AlertDecision {
  const { nowMs } = moment;
  const timed = inTime(before, moment);
  const entries = remember(timed.entries, found, settings, nowMs);
  const present = new Map(found.findings.map(({ condition }) => [conditionKey(condition), condition]));
  const isHidden = [...present.values()].some(hidesOthers);
  const hiddenAtMs = isHidden ? nowMs : timed.hiddenAtMs;
  const wantedNow = (entry: Remembered): Due[] =>
    wantedOf(entry, present.get(entry.key), settings, channels).flatMap((wanted) =>
      afterHiding(wanted, isHidden, hiddenAtMs),
    );
  const wanted = entries.flatMap(wantedNow);
  const due = wanted.filter(({ dueMs }) => dueMs <= nowMs);
  const gatheringSinceMs = due.length > 0 ? (timed.gatheringSinceMs ?? nowMs) : undefined;
  const summaryAtMs = timed.summaryAtMs;
  const tellAtMs =
    gatheringSinceMs === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(
          gatheringSinceMs + gatherMs,
          summaryAtMs === undefined ? gatheringSinceMs : summaryAtMs + gatherAfterSummaryMs,
        );
  const isTime = tellAtMs <= nowMs;
  const told = new Map(isTime ? due.map((each) => [each.entry.key, each]) : []);
  const isSummary = told.size > mostMessagesAtOnce;
  const after = entries.map((entry) => afterTelling(entry, told.get(entry.key), nowMs, channels));
  const wakes = [
    ...(isTime || gatheringSinceMs === undefined ? [] : [tellAtMs]),
    ...after.flatMap(wantedNow).map(({ dueMs }) => dueMs),
    ...after.flatMap((entry) => (entry.flapping ? [calmAtMs(entry, settings)] : [])),
  ].filter((ms) => ms > nowMs);
  return {
    messages: messagesOf([...told.values()], isSummary, settings, nowMs),
    memory: {
      atMs: nowMs,
      entries: after,
      ...(!isTime && gatheringSinceMs !== undefined && { gatheringSinceMs }),
      ...(hiddenAtMs !== undefined && { hiddenAtMs }),
      ...(isSummary ? { summaryAtMs: nowMs } : summaryAtMs !== undefined && { summaryAtMs }),
    },
    ...(wakes.length > 0 && { wakeAtMs: Math.min(...wakes) }),
  };
}

/** Those that are for the same channels together. */
function messagesOf(
  told: readonly Due[],
  isSummary: boolean,
  settings: AlertSettings,
  nowMs: number,
): AlertMessage[] {
  const groups = Map.groupBy(told, ({ to }) => JSON.stringify(to));
  return [...groups.values()].flatMap((group) => {
    const to = group[0]?.to;
    const messages = group.map(({ state, entry, condition }) => ({
      ...messageOf(state, entry, condition, settings, nowMs),
      ...(to && { to }),
    }));
    return isSummary && messages.length > 1
      ? [{ ...summaryOf(messages, nowMs), ...(to && { to }) }]
      : messages;
  });
}

/** `condition` is absent if it is over, or nobody has looked yet. */
function wantedOf(
  entry: Remembered,
  condition: Condition | undefined,
  settings: AlertSettings,
  channels: readonly string[],
): Due[] {
  const { toldAtMs, toldTo = channels, sinceMs, overSinceMs, flapping, beginnings } = entry;
  const about = { entry, condition: condition ?? entry.condition };
  const unaware = channels.filter((channel) => !toldTo.includes(channel));
  const late: Due[] =
    condition && toldAtMs !== undefined && unaware.length > 0
      ? [{ state: "firing", ...about, dueMs: toldAtMs, to: unaware }]
      : [];
  if (flapping === "told") return late;
  if (flapping === "noticed") return [{ state: "flapping", ...about, dueMs: beginnings.at(-1) ?? sinceMs }];
  if (overSinceMs !== undefined)
    return toldAtMs === undefined
      ? []
      : [
          {
            state: "recovered",
            ...about,
            dueMs: overSinceMs,
            ...(unaware.length > 0 && { to: channels.filter((channel) => toldTo.includes(channel)) }),
          },
        ];
  if (!condition) return [];
  if (toldAtMs === undefined)
    return [{ state: "firing", ...about, dueMs: sinceMs + settleMs[condition.severity] }];
  const isWorse = condition.severity === "critical" && entry.condition.severity === "warning";
  // If both are due, the one for all is the last, which counts.
  return [...late, { state: "firing", ...about, dueMs: toldAtMs + (isWorse ? 0 : settings.cooldownMs) }];
}

/** That something is unknown is not told while its cause is, nor before it was looked at again after that. */
function afterHiding(wanted: Due, isHidden: boolean, hiddenAtMs: number | undefined): Due[] {
  const { state, condition, dueMs } = wanted;
  if (condition.code !== "unknown" || state === "recovered") return [wanted];
  if (isHidden) return [];
  return [{ ...wanted, dueMs: Math.max(dueMs, (hiddenAtMs ?? dueMs) + settleMs[condition.severity]) }];
}

function afterTelling(
  entry: Remembered,
  told: Due | undefined,
  nowMs: number,
  channels: readonly string[],
): Remembered {
  if (!told) return entry;
  const { toldAtMs, toldTo, ...rest } = entry;
  if (told.state === "recovered") return rest;
  // The others are told again when they would have been anyway.
  if (told.to) return { ...entry, toldTo: [...(toldTo ?? []), ...told.to] };
  return {
    ...rest,
    condition: told.condition,
    toldAtMs: nowMs,
    toldTo: channels,
    ...(told.state === "flapping" && { flapping: "told" }),
  };
}
