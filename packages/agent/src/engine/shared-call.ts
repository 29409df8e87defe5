import { asProblem } from "@mcp/base";

/**
 * Joins callers: whoever asks while a call is under way shares the next one, never the present one, since that may
 * have looked before the caller's own change.
 *
 * Only its silence is shared: what did not answer within its time limit says nothing that could be out of date, and
 * whoever waited for that must not wait for as long once more.
 */
export class SharedCall<T> {
  readonly #work: () => Promise<T>;
  #current: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  call(): Promise<T> {
    if (!this.#current) return this.#start();
    this.#next ??= this.#current
      .then(ignore, (thrown: unknown) => {
        if (asProblem(thrown).code === "runtime_timeout") throw thrown;
      })
      .finally(() => {
        this.#next = undefined;
      })
      .then(() => this.#start());
    return this.#next;
  }

  #start(): Promise<T> {
    const current = this.#work().finally(() => {
      if (this.#current === current) this.#current = undefined;
    });
    this.#current = current;
    return current;
  }
}

const ignore = (): void => {};
