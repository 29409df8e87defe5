import { realClock } from "@mcp/host";
import { Found } from "./checks.ts";
import { newTraces, type Traces, takeTraces } from "./traces.ts";

const patienceMs = 10_000;
const mostLines = 30;

/** Fails if anything is left that was not there before. What is just going away is given ten seconds. */
export async function nothingIsLeft(before: Traces): Promise<void> {
  const deadline = realClock.monotonic() + patienceMs;
  for (;;) {
    const left = newTraces(before, await takeTraces());
    if (left.length === 0) return;
    if (realClock.monotonic() > deadline) throw new Found(describe(left));
    await realClock.sleep(500);
  }
}

function describe(left: readonly string[]): string {
  const more = left.length > mostLines ? [`… and ${left.length - mostLines} more`] : [];
  return ["left behind:", ...left.slice(0, mostLines), ...more].join("\n");
}
