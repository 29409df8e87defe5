/**
 * Work that several may want at once and that is done once: who comes while it is under way waits for the same. It is
 * aborted only when everyone who wanted it has gone, so that one who gives up takes nothing from the others.
 */
export class SharedWork<T> {
  readonly #running = new Map<
    string,
    { readonly result: Promise<T>; readonly abort: AbortController; waiting: number }
  >();

  async do(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const shared = this.#running.get(key) ?? this.#begin(key, work);
    shared.waiting++;
    const left = Promise.withResolvers<never>();
    const onAbort = (): void => {
      shared.waiting--;
      if (shared.waiting === 0) {
        // Whoever comes next begins anew: what is being given up would only tell them of an abort that is not theirs.
        if (this.#running.get(key) === shared) this.#running.delete(key);
        shared.abort.abort(signal.reason);
        // The last one waits until what was begun has been cleared away.
        shared.result.then(ignore, ignore).then(() => left.reject(signal.reason));
      } else left.reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([shared.result, left.promise]);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<T>) {
    const abort = new AbortController();
    const result = work(abort.signal).finally(() => {
      if (this.#running.get(key) === shared) this.#running.delete(key);
    });
    result.catch(ignore);
    const shared = { result, abort, waiting: 0 };
    this.#running.set(key, shared);
    return shared;
  }
}

const ignore = (): void => {};
