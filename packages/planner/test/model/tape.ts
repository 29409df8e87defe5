import fc from "fast-check";

/**
 * The choices of a random run, drawn beforehand so that fast-check can shrink them. Past its end every choice is 0, and
 * 0 is everywhere the harmless one: so a run that is out of choices is a run without accidents.
 */
export class Tape {
  readonly #choices: readonly number[];
  #at = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  get isOver(): boolean {
    return this.#at >= this.#choices.length;
  }

  /** From 0 to `count - 1`. */
  below(count: number): number {
    return count <= 1 ? 0 : (this.#choices[this.#at++] ?? 0) % count;
  }

  /** Once in so many times. */
  once(inTimes: number): boolean {
    return this.below(inTimes) === inTimes - 1;
  }

  pick<const T>(options: readonly [T, ...T[]]): T {
    return options[this.below(options.length)] as T;
  }

  subset<T>(options: readonly T[]): T[] {
    return options.filter(() => this.once(2));
  }
}

/** Without the usual bias towards short and small, which would make nearly all runs harmless. */
export const tapes = (length: number): fc.Arbitrary<Tape> =>
  fc
    .noBias(fc.array(fc.nat({ max: 9_999 }), { maxLength: length, size: "max" }))
    .map((choices) =>
      Object.assign(new Tape(choices), { [fc.toStringMethod]: () => JSON.stringify(choices) }),
    );

/** 10 000 in every run of the tests, ten times as many with `tools/test --soak`, or as many as are asked for. */
export const lawRuns = Number(process.env.MCP_LAWS_RUNS ?? (process.env.MCP_SOAK === "1" ? 100_000 : 10_000));
