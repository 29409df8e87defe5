const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** How long ago, in its largest unit: `3m`. A time to come, by a clock that goes wrong, is `0s`. */
export function age(iso: string | null, nowMs: number): string {
  if (iso === null) return "";
  const ms = nowMs - Date.parse(iso);
  for (const [unit, unitMs] of units) if (ms >= unitMs) return `${Math.floor(ms / unitMs)}${unit}`;
  return "0s";
}

/** How soon a time comes, by the whole second: `in 4s`, `in 2m05s`; `now` once it is there. */
export function timeUntil(iso: string, nowMs: number): string {
  const seconds = Math.ceil((Date.parse(iso) - nowMs) / 1_000);
  if (seconds <= 0) return "now";
  if (seconds < 60) return `in ${seconds}s`;
  return `in ${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

/** How long something took: `0.4s`, `12.3s`, `2m05s`. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

/** Between two ISO times; undefined if one is missing. */
export function between(from: string | null, to: string | null): number | undefined {
  return from === null || to === null ? undefined : Date.parse(to) - Date.parse(from);
}
