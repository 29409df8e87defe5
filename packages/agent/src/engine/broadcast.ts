import { Problem } from "@mcp/base";
import { AsyncQueue } from "./async-queue.ts";

/** A listener that is this far behind is dropped: it must come back and read what it missed from the registry. */
const mostPending = 10_000;

const fellBehind = (): Problem =>
  new Problem(
    "timed_out",
    `whoever listened fell ${mostPending} messages behind, and is not told the rest`,
    "ask again: what happened is kept",
  );

/** One sender, any number of listeners. */
export class Broadcast<T> {
  readonly #subscribers = new Set<(value: T) => void>();
  readonly #closers = new Set<() => void>();

  get listeners(): number {
    return this.#subscribers.size;
  }

  send(value: T): void {
    for (const hear of this.#subscribers) hear(value);
  }

  /** Called for everything sent from now on, until what it returns is called. */
  subscribe(hear: (value: T) => void): () => void {
    this.#subscribers.add(hear);
    return () => this.#subscribers.delete(hear);
  }

  /**
   * The same as an iterable that is read at its own pace: holds everything sent from the moment of this call, and ends
   * when the signal aborts or the sender closes. Throws the Problem `timed_out` if its reader falls too far behind.
   */
  listen(signal: AbortSignal): AsyncIterable<T> {
    const queue = new AsyncQueue<T>();
    const end = (problem?: Problem): void => {
      unsubscribe();
      this.#closers.delete(close);
      signal.removeEventListener("abort", close);
      queue.end(problem);
    };
    const close = (): void => end();
    const unsubscribe = this.subscribe((value) =>
      queue.length < mostPending ? queue.push(value) : end(fellBehind()),
    );
    this.#closers.add(close);
    if (signal.aborted) end();
    else signal.addEventListener("abort", close, { once: true });
    return queue;
  }

  close(): void {
    for (const end of this.#closers) end();
  }
}
