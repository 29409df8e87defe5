type Failure = NodeJS.ErrnoException;

/**
 * Keep an error of standard output or of standard error from ending the program with a stack trace, as node would.
 *
 * @returns asks, once all is said, for the exit code that this makes: 141 where the reader of standard output went away,
 *   6 where it takes no more, which is told on standard error; undefined where all was written. What standard error does
 *   not take cannot be told anywhere.
 */
export function watchOutput(): () => Promise<number | undefined> {
  let failure: Failure | undefined;
  process.stdout.on("error", (error: Failure) => {
    failure = error;
  });
  process.stderr.on("error", () => {});
  return async () => {
    // An error comes only after the write that met it.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!failure) return undefined;
    if (failure.code === "EPIPE") return 141;
    const why = failure.code === "ENOSPC" ? "no space left on device" : failure.message;
    process.stderr.write(`error: cannot write to standard output: ${why}\n`);
    return 6;
  };
}
