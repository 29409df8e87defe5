/** Values pushed on one side and iterated on the other. Its owner sees to it that it cannot grow without end. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #wakeReader: (() => void) | undefined;
  readonly #drained: (() => void)[] = [];
  #isEnded = false;
  #problem: unknown;

  get length(): number {
    return this.#values.length;
  }

  push(value: T): void {
    if (this.#isEnded) return;
    this.#values.push(value);
    this.#wakeReader?.();
  }

  /** No more will be pushed; what is there can still be read, and then `problem` is thrown if there is one. */
  end(problem?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#problem = problem;
    this.#wakeReader?.();
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Resolves once everything was read, or the queue has ended. */
  async drained(): Promise<void> {
    if (this.#isEnded || this.#values.length === 0) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      if (this.#values.length > 0) {
        yield this.#values.shift() as T;
        continue;
      }
      for (const resolve of this.#drained.splice(0)) resolve();
      if (this.#problem !== undefined) throw this.#problem;
      if (this.#isEnded) return;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }
}
