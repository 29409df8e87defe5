import type { Clock } from "./clock.ts";

/**
 * Run `work` with a signal that aborts when the time is up or the caller's signal does, whichever is first.
 *
 * @param onTimeout makes what is thrown when the time is up. An abort by the caller rethrows `signal.reason`.
 */
export async function withTimeLimit<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  onTimeout: () => unknown,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const joined = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then(
    () => {
      limit.abort(onTimeout());
    },
    () => {},
  );
  const aborted = new Promise<never>((_, reject) => {
    if (joined.aborted) reject(joined.reason);
    joined.addEventListener("abort", () => reject(joined.reason), { once: true });
  });
  aborted.catch(() => {});
  try {
    joined.throwIfAborted();
    // Raced, so that work which ignores its signal cannot hold the caller.
    return await Promise.race([work(joined), aborted]);
  } finally {
    done.abort();
    await late;
  }
}
