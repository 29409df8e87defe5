import type { Clock } from "@mcp/base";
import type { Workload } from "@mcp/runtime";
import { hasEnded, noticedMs } from "./lost.ts";

const remembered = 1_000;

/** Shows as exited what podman holds for alive though its process has been gone for a while. Asks only the kernel. */
export class LostProcesses {
  readonly #clock: Clock;
  readonly #isGone: (pid: number) => boolean;
  /** When each was first seen to be gone, by container and process. */
  readonly #since = new Map<string, number>();

  constructor(clock: Clock, isGone: (pid: number) => boolean = hasEnded) {
    this.#clock = clock;
    this.#isGone = isGone;
  }

  correct(id: string, workload: Workload): Workload {
    const { pid, ...rest } = workload;
    if (pid === undefined) return workload;
    const key = `${id} ${pid}`;
    if (!this.#isGone(pid)) {
      this.#since.delete(key);
      return workload;
    }
    const now = this.#clock.monotonic();
    const since = this.#since.get(key) ?? now;
    this.#since.set(key, since);
    const [oldest] = this.#since.keys();
    if (this.#since.size > remembered && oldest !== undefined) this.#since.delete(oldest);
    if (now - since < noticedMs) return workload;
    // Nobody saw when it ended; a time of our own would differ after each restart of the agent.
    return { ...rest, state: "exited", exit: { atMs: rest.startedAtMs ?? 0, reason: "unknown" } };
  }
}
