/**
 * What the main source gives, and what a helper gives besides, as it comes. The main source decides when it is over;
 * the helper may fail or end, and is begun again at the next occasion.
 */
export async function* withHelp<T>(
  main: AsyncIterable<T>,
  help: () => AsyncIterable<T>,
  isOccasion: (value: T) => boolean,
): AsyncGenerator<T> {
  const queue: T[] = [];
  let wake = () => {};
  let end: { readonly error?: unknown } | undefined;
  let isHelped = false;
  const put = (value: T) => {
    queue.push(value);
    wake();
  };
  const beginHelp = () => {
    if (isHelped) return;
    isHelped = true;
    drain(help(), put)
      .catch(() => {})
      .finally(() => {
        isHelped = false;
      });
  };
  const giveMain = (value: T) => {
    put(value);
    if (isOccasion(value)) beginHelp();
  };
  beginHelp();
  drain(main, giveMain)
    .then(
      () => {
        end = {};
      },
      (error: unknown) => {
        end = { error };
      },
    )
    .finally(() => wake());
  for (;;) {
    const [value] = queue.splice(0, 1);
    if (value !== undefined) yield value;
    else if (end && "error" in end) throw end.error;
    else if (end) return;
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}

async function drain<T>(source: AsyncIterable<T>, give: (value: T) => void): Promise<void> {
  for await (const value of source) give(value);
}
