/** So many tries may wait for an answer at once. */
const atOnce = 10;
/** As long as `mcp deploy` itself may take: ten guests at once have a long way to go where there is no KVM. */
const giveUpMs = 120_000;

/**
 * Returns once the port has answered over HTTP. QEMU takes a connection before its guest listens, and such a one may hang for
 * long after: so a new one is tried all the while, and the first answer counts.
 *
 * @param everyMs  until another try begins: how exact it is, at the price of what the guest has to do besides.
 */
export async function firstAnswer(port: number, everyMs = 25): Promise<void> {
  const over = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ask = (): void => {
    if (over.signal.aborted) return;
    fetch(`http://127.0.0.1:${port}/`, {
      signal: AbortSignal.any([over.signal, AbortSignal.timeout(atOnce * everyMs)]),
      headers: { connection: "close" },
    })
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
