const numbers = { SIGINT: 2, SIGTERM: 15, SIGPIPE: 13 } as const;

/** Somebody pressed ctrl-c, asked the process to end, or closed the pipe it writes to: not a failure to explain. */
export class Interrupted extends Error {
  /** As a shell reports the signal: 128 and its number. */
  readonly exitCode: number;
  /** What the reader should know of what was left in the middle. */
  note: string | undefined;

  constructor(by: keyof typeof numbers) {
    super(`interrupted by ${by}`);
    this.name = "Interrupted";
    this.exitCode = 128 + numbers[by];
  }
}
