import { printDuration } from "@mcp/base";
import type { AlertSettings, Remembered } from "./alert-memory.ts";
import type { Condition } from "./condition.ts";

export interface AlertMessage {
  /** `firing`: it is so, and perhaps still. `flapping`: it comes and goes. `summary`: several at once, which are in `of`. */
  readonly state: "firing" | "recovered" | "flapping" | "summary";
  /** That of the condition; `several` for a summary, `test` for a test. */
  readonly code: Condition["code"] | "several" | "test";
  readonly service: string;
  readonly component: string;
  readonly subject: string;
  readonly severity: Condition["severity"];
  readonly title: string;
  readonly text: string;
  /** What to type; empty where there is nothing to do. */
  readonly hint: string;
  readonly atMs: number;
  /** How long it has lasted, or had, in ms. */
  readonly lastedMs?: number;
  /** The channels that it is for; absent: all. */
  readonly to?: readonly string[];
  /** Of a summary. */
  readonly of: readonly AlertMessage[];
}

/** Before a title, which says what was wrong: `over: web is unhealthy`. */
export const stateWord = (state: AlertMessage["state"]): string => (state === "recovered" ? "over" : state);

/** What a summary lists; the rest is counted. */
const mostListed = 20;

export function messageOf(
  state: Exclude<AlertMessage["state"], "summary">,
  entry: Remembered,
  condition: Condition,
  settings: AlertSettings,
  nowMs: number,
): AlertMessage {
  const { code, service, component, subject, severity, title, text, hint } = condition;
  const lastedMs = wholeSeconds((entry.overSinceMs ?? nowMs) - entry.sinceMs);
  const about = { code, service, component, subject, severity, title, atMs: nowMs, of: [] };
  switch (state) {
    case "recovered":
      return { state, ...about, text: `It is over, after ${printDuration(lastedMs)}.`, hint: "", lastedMs };
    case "flapping":
      return {
        state,
        ...about,
        text: sentences(
          `It came and went more than ${settings.flapThreshold} times within ${printDuration(settings.flapWindowMs)}`,
          "nothing more is told of it until it has kept still for as long",
          text,
        ),
        hint,
      };
    default:
      return entry.toldAtMs === undefined
        ? { state, ...about, text, hint }
        : {
            state,
            ...about,
            text: sentences(`It has been so for ${printDuration(lastedMs)}`, text),
            hint,
            lastedMs,
          };
  }
}

/** One message for many. */
export function summaryOf(messages: readonly AlertMessage[], nowMs: number): AlertMessage {
  const count = (wanted: AlertMessage["state"], one: string, many: string): string[] => {
    const number = messages.filter(({ state }) => state === wanted).length;
    return number === 0 ? [] : [number === 1 ? one : `${number} ${many}`];
  };
  const worstFirst = [...messages].sort((a, b) => rank(a) - rank(b));
  const lines = worstFirst
    .slice(0, mostListed)
    .map(({ state, severity, title }) =>
      state === "firing" ? `${severity}: ${title}` : `${stateWord(state)}: ${title}`,
    );
  const more = messages.length - lines.length;
  const isCritical = messages.some(({ state, severity }) => state !== "recovered" && severity === "critical");
  const worst = worstFirst[0];
  return {
    state: "summary",
    code: "several",
    service: "",
    component: "",
    subject: "",
    severity: isCritical ? "critical" : "warning",
    title: [
      ...count("firing", "1 thing is wrong", "things are wrong"),
      ...count("flapping", "1 comes and goes", "come and go"),
      ...count("recovered", "1 is over", "are over"),
    ].join(", "),
    text: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"),
    hint: worst && worst.state !== "recovered" ? "mcp status" : "",
    atMs: nowMs,
    of: worstFirst,
  };
}

const rank = ({ state, severity }: AlertMessage): number =>
  state === "recovered" ? 2 : severity === "critical" ? 0 : 1;

const wholeSeconds = (ms: number): number => Math.max(0, Math.round(ms / 1_000)) * 1_000;

const sentences = (...parts: readonly string[]): string =>
  parts
    .filter((part) => part !== "")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(" ");
