import { asProblem, type Clock, limiter, Problem, withTimeLimit } from "@mcp/base";
import type { Handle, Probe, Runtime, Workload } from "@mcp/runtime";
import { SharedCall } from "./shared-call.ts";

/** Longer than a backend's own limits: only one that breaks its contract meets it. */
const listLimitMs = 15_000;
const recoversAtOnce = 10;

interface Listed {
  readonly workloads: readonly Workload[];
  readonly byInstance: ReadonlyMap<string, Workload>;
}

/** Once for all who share a call: a thousand services ask at the same time. */
const indexed = (workloads: readonly Workload[]): Listed => ({
  workloads,
  byInstance: new Map(workloads.map((workload) => [workload.labels.instance, workload])),
});

/** A runtime of this node with what is known of it. */
export class KnownRuntime {
  readonly name: string;
  readonly runtime: Runtime;
  /** The last answer; undefined until the first. */
  probe: Probe | undefined;
  /** Why nothing that it says counts at present. */
  trouble: Problem | undefined;
  /** Under way, if it is. */
  refreshing: Promise<void> | undefined;
  readonly #clock: Clock;
  readonly #lister: SharedCall<Listed>;
  /** By instance: handles of an earlier life that it was not told of yet, or could not read. */
  readonly #handles = new Map<string, Handle>();
  /** By instance: why not. */
  readonly #unread = new Map<string, Problem>();

  constructor(name: string, runtime: Runtime, clock: Clock) {
    this.name = name;
    this.runtime = runtime;
    this.#clock = clock;
    this.#lister = new SharedCall(async () => indexed(await this.#tellAndList()));
  }

  /** It must be told of this handle, unless it shows the instance by itself, before the instance can be missing. */
  mustRecover(instance: string, handle: Handle): void {
    this.#handles.set(instance, handle);
  }

  /**
   * Everything of ours that it has, as of now or later. Those who ask at the same time share one call. It is told of
   * the handles of an earlier life whose instances it does not show by itself.
   */
  async list(): Promise<readonly Workload[]> {
    return (await this.#lister.call()).workloads;
  }

  /** The same by instance, as their labels say: their names can be changed by hand, or taken by others. */
  async listed(): Promise<ReadonlyMap<string, Workload>> {
    return (await this.#lister.call()).byInstance;
  }

  /** Why an instance that it does not show is not gone for that: its handle could not be read. */
  whyNotGone(instance: string): Problem | undefined {
    return this.#unread.get(instance);
  }

  async #tellAndList(): Promise<readonly Workload[]> {
    const silent = (): Problem =>
      new Problem(
        "runtime_timeout",
        `${this.name} did not answer within ${listLimitMs / 1_000} s`,
        "see what is wrong with: mcp doctor",
      );
    return withTimeLimit(this.#clock, listLimitMs, undefined, silent, async (signal) => {
      const workloads = await this.runtime.list(signal);
      // What it shows, it knows: asking for each of a hundred by its handle would take longer than all else at a start.
      for (const { name } of workloads) this.#forget(name);
      return (await this.#recover(signal)) ? this.runtime.list(signal) : workloads;
    });
  }

  /**
   * Whether any workload was found by its handle.
   *
   * @throws Problem if it does not answer at all. One handle that it cannot read is no reason to doubt the others, and is
   *   tried again each time.
   */
  async #recover(signal: AbortSignal): Promise<boolean> {
    let hasFound = false;
    const limit = limiter(recoversAtOnce);
    const silent = new AbortController();
    const either = AbortSignal.any([signal, silent.signal]);
    const tell = async (instance: string, handle: Handle): Promise<void> => {
      // One who does not answer is not asked a hundred times.
      either.throwIfAborted();
      try {
        if (await this.runtime.recover(handle, either)) hasFound = true;
        this.#forget(instance);
      } catch (thrown) {
        either.throwIfAborted();
        const problem = asProblem(thrown);
        this.#unread.set(instance, problem);
        if (problem.code === "runtime_timeout" || problem.code === "runtime_unavailable")
          silent.abort(problem);
      }
    };
    await Promise.all([...this.#handles].map(([name, handle]) => limit(() => tell(name, handle))));
    either.throwIfAborted();
    return hasFound;
  }

  #forget(instance: string): void {
    this.#handles.delete(instance);
    this.#unread.delete(instance);
  }
}
