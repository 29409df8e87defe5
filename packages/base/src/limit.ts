/**
 * At most `width` of the given works at a time, first come first served.
 *
 * @example const limit = limiter(8); await Promise.all(images.map((image) => limit(() => pull(image))));
 */
export function limiter(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // The place is handed on without being freed between, so that nobody can slip in.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
