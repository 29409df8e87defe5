/** So often a new try begins; earlier ones are waited for as well. */
const everyMs = 25;
const giveUpMs = 60_000;

/**
 * Returns once the port has answered over HTTP. QEMU takes a connection before its guest listens, and such a one may hang for
 * long after: so a new one is tried all the while, and the first answer counts.
 */
export async function firstAnswer(port: number): Promise<void> {
  const over = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ask = (): void => {
    fetch(`http://127.0.0.1:${port}/`, { signal: over.signal, headers: { connection: "close" } })
      .then((response) => response.text())
      .then(() => resolve())
      .catch(() => {});
  };
  ask();
  const asking = setInterval(ask, everyMs);
  const late = setTimeout(() => reject(new Error(`nothing answers on port ${port}`)), giveUpMs);
  try {
    await promise;
  } finally {
    clearInterval(asking);
    clearTimeout(late);
    over.abort();
  }
}
