import type { Clock } from "@mcp/base";

// Beyond this setTimeout overflows and fires at once.
const longestTimerMs = 2 ** 31 - 1;

/** The machine's own clock. A sleep keeps the process alive until it is over or aborted. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    for (let rest = ms; ; rest -= longestTimerMs) {
      await sleepOnce(Math.min(rest, longestTimerMs), signal);
      if (rest <= longestTimerMs) return;
    }
  },
};

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      // A long-lived signal would otherwise gather one listener per sleep.
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
