import { Problem, parseDuration } from "@mcp/base";

/**
 * A time to begin at: `10m` ago, or an ISO 8601 time.
 * @returns ISO 8601, in UTC.
 * @throws Problem `usage`.
 */
export function parseMoment(text: string, nowMs: number): string {
  const ago = parseDuration(text);
  const ms =
    ago === undefined ? (/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN) : nowMs - ago;
  if (!Number.isNaN(ms) && ms >= 0) return new Date(ms).toISOString();
  throw new Problem(
    "usage",
    `${JSON.stringify(text)} is not a time`,
    "write how long ago, as 10m or 2h, or a time such as 2026-01-31T12:00:00Z",
  );
}

/**
 * The number of a revision: `3` or `r3`.
 * @throws Problem `usage`.
 */
export function parseRevision(text: string): number {
  const number = /^r?([1-9]\d{0,8})$/.exec(text)?.[1];
  if (number !== undefined) return Number(number);
  throw new Problem(
    "usage",
    `${JSON.stringify(text)} is not a revision`,
    "write its number, as mcp service history shows it: 3 or r3",
  );
}
