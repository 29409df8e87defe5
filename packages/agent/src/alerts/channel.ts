import { createHash } from "node:crypto";
import type { Problem } from "@mcp/base";
import { type AlertMessage, stateWord } from "@mcp/planner";

/** A message with where it comes from. */
export interface Alert {
  readonly node: string;
  readonly message: AlertMessage;
}

/** One way to tell people. */
export interface AlertChannel {
  /** `command`, `webhook`, `email`: what its failures are shown under. */
  readonly name: string;
  /** Which one of its kind it is, without a secret: where another one is configured, that has heard of nothing yet. */
  readonly target?: string;
  /**
   * Once: whoever calls tries again.
   *
   * @returns a Problem if it was told, but not to everybody; to try again would tell the others twice
   * @throws Problem why it could not be told, without any secret in it. An abort rethrows `signal.reason`.
   */
  send(alert: Alert, signal: AbortSignal): Promise<Problem | undefined>;
}

/** What names a target without telling it: an address may be a secret. */
export const targetOf = (...parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);

/** What programs are given of an alert: on a command's standard input, and in a webhook's request. */
export interface AlertJSON {
  readonly v: 1;
  readonly node: string;
  readonly state: AlertMessage["state"];
  readonly code: string;
  readonly severity: string;
  readonly service: string;
  readonly component: string;
  readonly subject: string;
  readonly title: string;
  readonly text: string;
  readonly hint: string;
  /** ISO 8601. */
  readonly at: string;
  /** How long it has lasted, or had; not in the first message of it. */
  readonly lasted_seconds?: number;
  /** What a summary is about, at most 100 of it. */
  readonly alerts?: readonly Omit<AlertJSON, "v" | "node">[];
}

const mostInSummary = 100;

export function alertJSON({ node, message }: Alert): AlertJSON {
  return {
    v: 1,
    node,
    ...plain(message),
    ...(message.state === "summary" && { alerts: message.of.slice(0, mostInSummary).map(plain) }),
  };
}

function plain(message: AlertMessage): Omit<AlertJSON, "v" | "node"> {
  const { state, code, severity, service, component, subject, title, text, hint, atMs, lastedMs } = message;
  return {
    state,
    code,
    severity,
    service,
    component,
    subject,
    title,
    text,
    hint,
    at: new Date(atMs).toISOString(),
    ...(lastedMs !== undefined && { lasted_seconds: Math.round(lastedMs / 1_000) }),
  };
}

/** For one line: `[rift] critical: web of hello keeps crashing`, and `[rift] over: web of hello keeps crashing`. */
export function headline({ node, message: { state, severity, title } }: Alert): string {
  const word = state === "firing" || state === "summary" ? severity : stateWord(state);
  return `[${node}] ${word}: ${title}`.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}
