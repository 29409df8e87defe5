import type { Workload, WorkloadExit } from "@mcp/runtime";
import type { PodmanApi } from "../podman-api.ts";
import { inspectContainer } from "./lookup.ts";
import type { ListedContainer } from "./shapes.ts";
import { fromInspected } from "./to-workload.ts";

const killed = 137;
const remembered = 1_000;

/** Finds out what a list does not tell: whether a killed container was killed for lack of memory. Asks once for each exit. */
export class OutOfMemory {
  readonly #api: PodmanApi;
  readonly #reasons = new Map<string, WorkloadExit>();

  constructor(api: PodmanApi) {
    this.#api = api;
  }

  async correct(listed: ListedContainer, workload: Workload, signal: AbortSignal): Promise<Workload> {
    if (workload.exit?.code !== killed) return workload;
    const key = keyOf(listed.Id, listed.ExitedAt);
    if (!this.#reasons.has(key)) {
      const inspected = await inspectContainer(this.#api, listed.Id, signal);
      const exit = inspected && fromInspected(inspected)?.exit;
      // It has gone, or runs again: what the list said is what there was.
      if (!exit) return workload;
      this.#keep(key, exit);
    }
    const exit = this.#reasons.get(key);
    return exit ? { ...workload, exit } : workload;
  }

  /** What somebody else has inspected need not be asked for again. */
  learn(id: string, { exit }: Pick<Workload, "exit">): void {
    if (exit) this.#keep(keyOf(id, exit.atMs / 1_000), exit);
  }

  #keep(key: string, exit: WorkloadExit): void {
    this.#reasons.set(key, exit);
    const [oldest] = this.#reasons.keys();
    if (this.#reasons.size > remembered && oldest !== undefined) this.#reasons.delete(oldest);
  }
}

const keyOf = (id: string, exitedAtS: number): string => `${id} ${exitedAtS}`;
