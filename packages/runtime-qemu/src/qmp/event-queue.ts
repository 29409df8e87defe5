import type { QmpEvent } from "./messages.ts";

const longest = 1_000;

/** Events between whom they come from and whom they are for: at most so many unread ones. */
export class EventQueue implements AsyncIterableIterator<QmpEvent, void> {
  readonly #events: QmpEvent[] = [];
  readonly #onLeave: () => void;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  /** @returns false if it is full, and nothing may be added any more. */
  push(event: QmpEvent): boolean {
    if (this.#end || this.#events.length >= longest) return false;
    this.#events.push(event);
    this.#wake?.();
    return true;
  }

  /** No more are coming; an error is thrown once what is there was read. */
  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<QmpEvent, void>> {
    for (;;) {
      const event = this.#events.shift();
      if (event) return { done: false, value: event };
      if (this.#end) {
        const { error } = this.#end;
        this.#end = {};
        if (error !== undefined) throw error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<QmpEvent, void>> {
    this.end();
    this.#events.length = 0;
    this.#onLeave();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
