import { SharedWork } from "./guest/shared-work.ts";

export type Remembered<T> = (signal: AbortSignal) => Promise<T>;

export interface RememberedOptions {
  /** Milliseconds until an answer is old. Default 10 000. */
  readonly goodForMs?: number;
  readonly now?: () => number;
}

/**
 * What is found out anew only when the last answer is old, or was a no, and once for all who ask meanwhile: each deploy
 * asks several times, and finding out starts programs.
 */
export function remembered<T extends { readonly ok: boolean }>(
  find: (signal: AbortSignal) => Promise<T>,
  { goodForMs = 10_000, now = () => performance.now() }: RememberedOptions = {},
): Remembered<T> {
  const finding = new SharedWork<T>();
  let known: { readonly answer: T; readonly untilMs: number } | undefined;
  return async (signal) => {
    signal.throwIfAborted();
    if (known && now() < known.untilMs) return known.answer;
    return finding.do("answer", signal, async (shared) => {
      const answer = await find(shared);
      known = answer.ok ? { answer, untilMs: now() + goodForMs } : undefined;
      return answer;
    });
  };
}
