import type { AlertMessage } from "@mcp/planner";
import type { Alert } from "./channel.ts";

/** An alert on its way. */
export interface Delivery {
  readonly alert: Alert;
  /** Called once, when it was told or given up. */
  readonly end: () => Promise<void>;
}

/** One that waits for its next try. */
export interface Waiting {
  readonly delivery: Delivery;
  /** By the monotonic clock. */
  readonly sinceMs: number;
  /** That failed. */
  readonly tries: number;
}

/** So often something is tried before others are let past it: what is refused for itself must not hold up the rest. */
const triesInARow = 4;

/** What to try next: the oldest of those that were tried in fewer rounds; what is about the same thing stays in its order. */
export function nextOf(waiting: readonly Waiting[]): Waiting | undefined {
  const first = new Map<string, Waiting>();
  for (const one of waiting) {
    const about = aboutOf(one);
    if (!first.has(about)) first.set(about, one);
  }
  const round = ({ tries }: Waiting): number => Math.floor(tries / triesInARow);
  return [...first.values()].reduce<Waiting | undefined>(
    (best, one) => (best && round(best) <= round(one) ? best : one),
    undefined,
  );
}

/** What to give up when there are too many: the oldest that is over already, with its end; else the oldest. */
export function surplusOf(waiting: readonly Waiting[]): readonly Waiting[] {
  for (const [index, one] of waiting.entries()) {
    const about = aboutOf(one);
    const end = waiting.findIndex(
      (other, at) => at > index && messageOf(other).state === "recovered" && aboutOf(other) === about,
    );
    if (end >= 0) return waiting.slice(index, end + 1).filter((other) => aboutOf(other) === about);
  }
  return waiting.slice(0, 1);
}

function aboutOf(one: Waiting): string {
  const { code, service, component, subject } = messageOf(one);
  return JSON.stringify([code, service, component, subject]);
}

const messageOf = ({ delivery }: Waiting): AlertMessage => delivery.alert.message;
