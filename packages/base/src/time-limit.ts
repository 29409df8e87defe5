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
  signal?.throwIfAborted();
  // No AbortSignal.any: what it makes lives as long as both a listener of its own and the caller's signal do.
  const limit = new AbortController();
  const onAbort = (): void => limit.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then(
    () => {
      limit.abort(onTimeout());
    },
    () => {},
  );
  const aborted = new Promise<never>((_, reject) => {
    limit.signal.addEventListener("abort", () => reject(limit.signal.reason), { once: true });
  });
  aborted.catch(() => {});
  try {
    // Raced, so that work which ignores its signal cannot hold the caller.
    return await Promise.race([work(limit.signal), aborted]);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    done.abort();
    await late;
  }
}
