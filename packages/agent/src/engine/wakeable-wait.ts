import type { Clock } from "@mcp/base";

/** A wait that may be ended early. To wake while nobody waits does nothing: whoever waits has looked before. */
export class WakeableWait {
  #wake = (): void => {};

  wake(): void {
    this.#wake();
  }

  /** Resolves after `ms`, when it is woken, or when the signal aborts; without `ms` only by these. */
  async wait(clock: Clock, ms: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise: woken, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    const sleeping = new AbortController();
    try {
      await (ms === undefined
        ? woken
        : Promise.race([woken, clock.sleep(ms, sleeping.signal).catch(() => {})]));
    } finally {
      sleeping.abort();
      signal.removeEventListener("abort", wake);
    }
  }
}
