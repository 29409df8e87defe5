import { Problem, printDuration } from "@mcp/base";
import { QmpConnection } from "./connection.ts";
import type { QmpEvent } from "./messages.ts";

/** One conversation with one QEMU. */
export interface Qmp {
  /**
   * Ask QEMU for something, and return what it answers. Questions may overlap.
   *
   * @param options.timeoutMs  milliseconds until it is given up; the conversation goes on. Default 5 000.
   * @throws Problem `runtime_timeout` if it does not answer, `runtime_failed` if it refuses or says what is no QMP,
   *   `runtime_unavailable` if it ended or `close` was called. An abort rethrows `signal.reason`.
   */
  execute(
    command: string,
    args?: Readonly<Record<string, unknown>>,
    options?: { readonly timeoutMs?: number },
  ): Promise<unknown>;

  /**
   * What QEMU tells from this call on; ends when the conversation does: QEMU ended, or `close` was called. Events are
   * hints: first listen, then ask `query-status`, and nothing falls between.
   *
   * @throws Problem `runtime_failed` if 1 000 events were not read, or QEMU says what is no QMP. An abort rethrows
   *   `signal.reason`.
   */
  events(): AsyncIterableIterator<QmpEvent, void>;

  /** Hang up. QEMU runs on, and listens for the next one. */
  close(): void;
}

export interface OpenQmpOptions {
  /** Milliseconds until QEMU must have greeted; also how long a socket that is not there yet is waited for. Default 5 000. */
  readonly timeoutMs?: number;
  /** Asked while the socket is not there: once false, it is waited for no longer. Default: not waited for at all. */
  readonly isStarting?: () => Promise<boolean>;
}

/** Until the next try: twice as long each time, since many that begin at once have little time for who asks. */
const againMs = { first: 5, most: 80 } as const;

/**
 * Talk to the QEMU that was started in `runFolder`. Its socket serves one at a time, and whoever comes second waits
 * without a greeting: so one is held for events, and another used for short questions.
 *
 * Nothing is said before QEMU greets: the folder is QEMU's to write, and what stands there may be another socket.
 *
 * @param signal  ends the conversation, whenever it aborts.
 * @throws Problem `runtime_unavailable` if nobody listens there, `runtime_timeout` if QEMU does not greet in time,
 *   `runtime_failed` if what greets is no QEMU. An abort rethrows `signal.reason`.
 */
export async function openQmp(
  runFolder: string,
  socketName: string,
  signal: AbortSignal,
  { timeoutMs = 5_000, isStarting }: OpenQmpOptions = {},
): Promise<Qmp> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs: number = againMs.first; ; pauseMs = Math.min(2 * pauseMs, againMs.most)) {
    signal.throwIfAborted();
    const leftMs = Math.max(1, deadline - performance.now());
    const connection = await QmpConnection.open(runFolder, socketName, signal, leftMs);
    if (connection) return connection;
    if (!(await isStarting?.())) throw nobodyListens(runFolder, socketName);
    if (performance.now() > deadline) {
      throw new Problem(
        "runtime_timeout",
        `QEMU did not open its socket ${runFolder}/${socketName} within ${printDuration(timeoutMs)}`,
        "see whether this machine is overloaded: mcp doctor, uptime",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function nobodyListens(runFolder: string, socketName: string): Problem {
  return new Problem(
    "runtime_unavailable",
    `no QEMU listens at ${runFolder}/${socketName}`,
    "see what became of it: mcp ps, mcp logs",
  );
}
