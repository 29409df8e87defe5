import type { AlertChannelJson } from "@mcp/client";
import { orNull } from "./words.ts";

/** One way in which an agent tells alerts, and how that goes. */
export interface AlertChannelReport {
  /** `command`, `webhook`, `email`. */
  readonly name: string;
  /** Why the last try failed; null if none has, or one has gone well since. */
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string } | null;
  /** Alerts that are still to be told. */
  readonly waiting: number;
  /** Given up since the agent started. */
  readonly lost: number;
  readonly lostAt: string | null;
  /** When it last told something since the agent started. */
  readonly toldAt: string | null;
}

export const alertChannelReport = (channel: AlertChannelJson): AlertChannelReport => {
  const { name = "", problem, waiting = 0, lost = 0, lostAt, toldAt } = channel;
  return {
    name,
    problem: problem
      ? { code: problem.code ?? "", message: problem.message ?? "", hint: problem.hint ?? "" }
      : null,
    waiting,
    lost,
    lostAt: orNull(lostAt),
    toldAt: orNull(toldAt),
  };
};
