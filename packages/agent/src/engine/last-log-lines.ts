import type { Runtime } from "@mcp/runtime";

/** Many, of any length, would make a report that nobody reads. */
const most = { lines: 20, characters: 500, waitMs: 5_000 };

/** The end of an instance's log. Best effort: that there is none must not hide what it is asked for. */
export async function lastLogLines(
  runtime: Runtime | undefined,
  instance: string,
  signal: AbortSignal,
): Promise<string[]> {
  const lines: string[] = [];
  if (!runtime) return lines;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(most.waitMs)]);
  try {
    for await (const { text } of runtime.logs(instance, { tail: most.lines }, limited))
      lines.push(text.length > most.characters ? `${text.slice(0, most.characters)}…` : text);
  } catch {
    // Never started, or its runtime does not answer: whoever asks has a problem to tell already.
  }
  return lines.slice(-most.lines);
}
