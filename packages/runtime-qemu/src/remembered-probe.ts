import type { Probe } from "@mcp/runtime";

/** As long as what is known of the host holds. */
const goodForMs = 10_000;

/**
 * A probe that is asked anew only when its last answer is old, or was a no: each deploy asks several times, and finding
 * out starts programs.
 */
export function rememberedProbe(
  probe: (signal: AbortSignal) => Promise<Probe>,
  now: () => number = () => performance.now(),
): (signal: AbortSignal) => Promise<Probe> {
  let known: { readonly answer: Probe; readonly untilMs: number } | undefined;
  return async (signal) => {
    signal.throwIfAborted();
    if (known && now() < known.untilMs) return known.answer;
    const answer = await probe(signal);
    known = answer.ok ? { answer, untilMs: now() + goodForMs } : undefined;
    return answer;
  };
}
