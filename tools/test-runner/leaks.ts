import { realClock } from "@mcp/host";
import { Found } from "./checks.ts";
import { newTraces, type Traces, takeTraces } from "./traces.ts";

const patienceMs = 10_000;

/** Fails if anything is left that was not there before. What is just going away is given ten seconds. */
export async function nothingIsLeft(before: Traces): Promise<void> {
  const deadline = realClock.monotonic() + patienceMs;
  for (;;) {
    const left = newTraces(before, await takeTraces());
    if (left.length === 0) return;
    if (realClock.monotonic() > deadline) throw new Found(`left behind:\n${left.join("\n")}`);
    await realClock.sleep(500);
  }
}
