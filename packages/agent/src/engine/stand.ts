import { type Clock, Problem } from "@mcp/base";
import type { Runtime, RuntimeEvent, Workload } from "@mcp/runtime";
import type { Broadcast } from "./broadcast.ts";

/** How often it is looked at in case an event was lost. */
const lookEveryMs = 1_000;

/**
 * Wait until an instance has run for its start period, counted from its recorded start.
 * @throws Problem `exited_early` as soon as it ends before.
 */
export async function stand(
  instance: string,
  options: {
    readonly runtime: Runtime;
    readonly events: Broadcast<RuntimeEvent>;
    readonly clock: Clock;
    readonly startedAtMs: number;
    readonly startPeriodMs: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { runtime, events, clock, startedAtMs, startPeriodMs, signal } = options;
  // What has passed is taken from the wall clock once; from here on counts the clock that cannot jump.
  const passedMs = Math.min(startPeriodMs, Math.max(0, clock.now() - startedAtMs));
  const untilMs = clock.monotonic() + startPeriodMs - passedMs;
  let pause = new AbortController();
  const unsubscribe = events.subscribe(({ name }) => name === instance && pause.abort());
  try {
    for (;;) {
      pause = new AbortController();
      demandRunning(instance, await runtime.inspect(instance, signal));
      const leftMs = untilMs - clock.monotonic();
      if (leftMs <= 0) return;
      await clock
        .sleep(Math.min(leftMs, lookEveryMs), AbortSignal.any([signal, pause.signal]))
        .catch(() => signal.throwIfAborted());
    }
  } finally {
    unsubscribe();
  }
}

function demandRunning(instance: string, workload: Workload | undefined): void {
  if (workload && workload.state !== "exited") return;
  const exit = workload?.exit;
  const how = !workload
    ? "disappeared"
    : exit?.reason === "out-of-memory"
      ? "ran out of memory"
      : exit?.code === undefined
        ? "exited"
        : `exited with code ${exit.code}`;
  throw new Problem(
    "exited_early",
    `${instance} ${how} within its start period`,
    "its last log lines say why; mend it and deploy again",
  );
}
