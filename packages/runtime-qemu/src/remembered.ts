import { SharedWork } from "./guest/shared-work.ts";

export type Remembered<T> = (signal: AbortSignal) => Promise<T>;

/** As long as what is known of the host holds. */
const goodForMs = 10_000;

/**
 * What is found out anew only when the last answer is old, or was a no, and once for all who ask meanwhile: each deploy
 * asks several times, and finding out starts programs.
 */
export function remembered<T extends { readonly ok: boolean }>(
  find: (signal: AbortSignal) => Promise<T>,
  now: () => number = () => performance.now(),
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
