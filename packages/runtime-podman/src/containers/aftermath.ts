import { readdir, readFile } from "node:fs/promises";
import { type Clock, Problem } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";
import type { StoreGuard } from "../store-guard.ts";
import { isNamedNetwork } from "./create-request.ts";
import { hasEnded, isOnTheHost } from "./lost.ts";

const lookEveryMs = 10;
/** A clean-up that takes longer hangs. */
const longestMs = 10_000;

/**
 * What comes after a container's end: its supervisor runs `podman container cleanup`, which takes down its network, its
 * mounts, and what is left of it in the OCI runtime: 150 ms and more. Podman takes a start meanwhile, too. One that comes
 * before the clean-up finds network and mounts in place and needs no new ones, which is how podman restarts by itself; the
 * clean-up then sees that it runs, and does nothing.
 */
export class Aftermath {
  readonly #clock: Clock;
  readonly #guard: Pick<StoreGuard, "info">;

  constructor(clock: Clock, guard: Pick<StoreGuard, "info">) {
    this.#clock = clock;
    this.#guard = guard;
  }

  /**
   * Wait for the end of the clean-up, where a start may not come before it.
   * @throws Problem `runtime_failed` if it does not end.
   */
  async settleFor(spec: WorkloadSpec, id: string, signal: AbortSignal): Promise<void> {
    if (!(await this.#mustBeOver(spec, signal))) return;
    const left = await this.settle(id, signal);
    if (left.length > 0) throw notCleanedUp(spec.name, left);
  }

  /** Wait for the end of the clean-up, if there is one. Returns the supervisors that have not ended for all that. */
  async settle(id: string, signal: AbortSignal): Promise<readonly number[]> {
    const begin = this.#clock.monotonic();
    const supervisors = await supervisorsOf(id);
    for (;;) {
      const left = supervisors.filter((pid) => !hasEnded(pid));
      if (left.length === 0 || this.#clock.monotonic() - begin >= longestMs) return left;
      await this.#clock.sleep(lookEveryMs, signal);
    }
  }

  async #mustBeOver({ volumes, network }: WorkloadSpec, signal: AbortSignal): Promise<boolean> {
    // What was made ready for its mounts to be looked at, the clean-up (before podman 5.3) takes for what it is to clean
    // up: the start that follows would mount anew, and nobody would look.
    if (volumes.length > 0) return true;
    // These are served by a process that ends with the supervisor, and a start makes no new one while the rest is there.
    if (!isNamedNetwork(network) && !keptByKernel.has(network)) return true;
    return (await this.#guard.info(signal)).host.security.rootless;
  }
}

const notCleanedUp = (name: string, supervisors: readonly number[]): Problem =>
  new Problem(
    "runtime_failed",
    `podman does not come to an end of cleaning up after ${name}, which cannot be started before that`,
    `see what its supervisor waits for, and end that or the supervisor: ps -f --ppid ${supervisors.join(",")}`,
  );

const keptByKernel = new Set(["host", "none", "bridge"]);

/** Of the container itself, not of what was executed in it. Empty where podman's process ids may mean others here. */
async function supervisorsOf(id: string): Promise<number[]> {
  if (!isOnTheHost) return [];
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const argv = (await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "")).split("\0");
      return ["-c", "-u"].every((option) => argv[argv.indexOf(option) + 1] === id) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}
