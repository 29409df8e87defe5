import type { Clock } from "./clock.ts";

/**
 * Asks what may never answer and cannot be ended, such as a network disk whose server is gone: it holds a thread of node's few
 * for as long as it hangs, so it is not asked again before it has answered.
 *
 * @example
 *   const patience = new Patience<number>(clock, 2_000);
 *   const free = await patience.ask(path, () => freeBytes(path));
 */
export class Patience<Answer> {
  readonly #clock: Clock;
  readonly #limitMs: number;
  /** By key: questions without an answer yet. */
  readonly #asked = new Map<string, Promise<Answer>>();

  /** @param limitMs  how long each who asks waits */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /**
   * The answer; undefined if there is none in time. Who asks while a question of the same key is open waits for that one.
   *
   * @throws whatever `question` does, if that is in time.
   */
  async ask(key: string, question: () => Promise<Answer>): Promise<Answer | undefined> {
    const answer = this.#asked.get(key) ?? this.#begin(key, question);
    const hasAnswered = new AbortController();
    const timeIsUp = this.#clock.sleep(this.#limitMs, hasAnswered.signal).then(
      () => undefined,
      () => undefined,
    );
    try {
      return await Promise.race([answer, timeIsUp]);
    } finally {
      hasAnswered.abort();
    }
  }

  #begin(key: string, question: () => Promise<Answer>): Promise<Answer> {
    const answer = question().finally(() => this.#asked.delete(key));
    // It may fail when nobody waits for it any more.
    answer.catch(() => {});
    this.#asked.set(key, answer);
    return answer;
  }
}
