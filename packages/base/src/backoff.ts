export interface Backoff {
  /** Pause before the second try. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** How much longer each pause is than the one before. Default 2. */
  readonly factor?: number;
}

/**
 * The pause before try `attempt` (1 for the second try, since the first has no pause), in milliseconds.
 * `random` in [0, 1) spreads it over its upper half ("equal jitter"), so that many do not try in step.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  if (attempt <= 0) return 0;
  // Capped before it is multiplied: after very many tries the factor is infinite, and 0 times that is not a number.
  const growth = Math.min(Number.MAX_VALUE, (backoff.factor ?? 2) ** (attempt - 1));
  const full = Math.min(backoff.maxMs, backoff.firstMs * growth);
  return Math.round(full / 2 + (full / 2) * random);
}
