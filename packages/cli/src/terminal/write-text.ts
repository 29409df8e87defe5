import { once } from "node:events";

/**
 * Write to standard output, no faster than it is read: what an agent streams may be more than memory holds.
 * An abort rethrows `signal.reason`.
 */
export async function writeText(text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (process.stdout.write(text)) return;
  try {
    await once(process.stdout, "drain", { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
