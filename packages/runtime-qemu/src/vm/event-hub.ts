/** Tells everybody who listens; what nobody has listened to is not kept. */
export class EventHub<Told> {
  readonly #listeners = new Set<(event: Told) => void>();

  readonly tell = (event: Told): void => {
    for (const listener of this.#listeners) listener(event);
  };

  /** From the moment the first `next()` is called, until the signal aborts, whose reason is rethrown. */
  async *listen(signal: AbortSignal): AsyncGenerator<Told> {
    signal.throwIfAborted();
    const waiting: Told[] = [];
    let wake = (): void => {};
    const listener = (event: Told): void => {
      waiting.push(event);
      wake();
    };
    const onAbort = (): void => wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", onAbort);
    try {
      for (;;) {
        signal.throwIfAborted();
        const event = waiting.shift();
        if (event) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", onAbort);
    }
  }
}
