import { type Clock, Problem, printDuration } from "@mcp/base";
import type { Health } from "@mcp/planner";
import type { Runtime, RuntimeEvent, Workload } from "@mcp/runtime";
import type { HealthChange } from "../health/monitor.ts";
import type { Broadcast } from "./broadcast.ts";

/** How often it is looked at in case an event was lost. */
const lookEveryMs = 1_000;

export interface StandOptions {
  readonly runtime: Runtime;
  readonly events: Broadcast<RuntimeEvent>;
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly startPeriodMs: number;
  /** What its health check says, and after how long it must have passed; absent: it has none. */
  readonly health?: {
    readonly limitMs: number;
    readonly changes: Broadcast<HealthChange>;
    readonly now: () => Health | undefined;
  };
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Wait until an instance has run for its start period, counted from its recorded start; or, where it has a health check, until
 * that has passed, which is more than having run for a while.
 * @throws Problem `exited_early` as soon as it ends before; `unhealthy` as soon as its check says so, or when that has not
 *   passed in time.
 */
export async function stand(instance: string, options: StandOptions): Promise<void> {
  const { runtime, events, clock, health, onProgress, signal } = options;
  const untilMs = clock.monotonic() + leftOf(options);
  let pause = new AbortController();
  const isOurs = (heard: { name: string } | { instance: string }): boolean =>
    ("name" in heard ? heard.name : heard.instance) === instance;
  const wake = (heard: RuntimeEvent | HealthChange): void => {
    if (isOurs(heard)) pause.abort();
  };
  const unsubscribe = [events.subscribe(wake), health?.changes.subscribe(wake)];
  let said = "";
  try {
    for (;;) {
      pause = new AbortController();
      demandRunning(instance, await runtime.inspect(instance, signal), health !== undefined);
      const told = health?.now();
      if (told?.state === "healthy") return;
      if (told?.state === "unhealthy") throw unhealthy(instance, `is unhealthy: ${told.text}`);
      if (told && told.text !== said) onProgress(told.text);
      said = told?.text ?? said;
      const leftMs = untilMs - clock.monotonic();
      if (leftMs <= 0 && !health) return;
      if (leftMs <= 0) throw unhealthy(instance, `did not become healthy${inTime(options, said)}`);
      await clock
        .sleep(Math.min(leftMs, lookEveryMs), AbortSignal.any([signal, pause.signal]))
        .catch(() => signal.throwIfAborted());
    }
  } finally {
    for (const leave of unsubscribe) leave?.();
  }
}

/** What has passed is taken from the wall clock once; from here on counts the clock that cannot jump. */
function leftOf({ clock, startedAtMs, startPeriodMs, health }: StandOptions): number {
  const ranForMs = Math.max(0, clock.now() - startedAtMs);
  if (!health) return Math.max(0, startPeriodMs - ranForMs);
  // What ran before anybody asked it, as before a restart of the agent, is given all of its time.
  return ranForMs < health.limitMs ? health.limitMs - ranForMs : health.limitMs;
}

const inTime = ({ health }: StandOptions, said: string): string =>
  ` within ${printDuration(Math.round((health?.limitMs ?? 0) / 1_000) * 1_000)}${said === "" ? "" : `: ${said}`}`;

const unhealthy = (instance: string, what: string): Problem =>
  new Problem(
    "unhealthy",
    `${instance} ${what}`,
    "its last log lines may say why; see that `health` in its definition asks what it answers",
  );

function demandRunning(instance: string, workload: Workload | undefined, hasHealth: boolean): void {
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
    `${instance} ${how} ${hasHealth ? "before it was healthy" : "within its start period"}`,
    "its last log lines say why; mend it and deploy again",
  );
}
