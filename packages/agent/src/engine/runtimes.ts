import { asProblem, type Clock, Problem } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { Registry } from "@mcp/registry";
import type { Probe, RuntimeKind } from "@mcp/runtime";
import type { NamedRuntime } from "../deps.ts";
import { Broadcast } from "./broadcast.ts";
import { KnownRuntime } from "./known-runtime.ts";

/** The runtimes of this node, and whether each can be believed. */
export class Runtimes {
  readonly #registry: Registry;
  readonly #log: Logger;
  readonly all: readonly KnownRuntime[];
  /** Sent when one was asked for the first time, and when its trouble changed. */
  readonly changes = new Broadcast<void>();

  constructor(runtimes: readonly NamedRuntime[], registry: Registry, clock: Clock, log: Logger) {
    this.#registry = registry;
    this.#log = log;
    this.all = runtimes.map(({ name, runtime }) => new KnownRuntime(name, runtime, clock));
  }

  forKind(kind: RuntimeKind): KnownRuntime | undefined {
    return this.all.find(({ runtime }) => runtime.kinds.includes(kind));
  }

  /** @throws Problem `runtime_unsupported` if no backend of this node runs that kind. */
  require(kind: RuntimeKind): KnownRuntime {
    const known = this.forKind(kind);
    if (known) return known;
    throw new Problem(
      "runtime_unsupported",
      `this node cannot run a ${kind}`,
      "see what it can run, and why not more, with: mcp node status",
    );
  }

  /**
   * Ask a runtime how it is, and compare its store with the one we know; the first one seen is remembered. Whatever a
   * runtime says while it shows another store is not about our workloads.
   */
  refresh(known: KnownRuntime, signal: AbortSignal): Promise<void> {
    // Those who ask at the same time share one answer.
    known.refreshing ??= this.#refresh(known, signal).finally(() => {
      known.refreshing = undefined;
    });
    return known.refreshing;
  }

  /** @throws Problem why nothing may be started by this runtime at present. */
  async mustBeTrusted(known: KnownRuntime, signal: AbortSignal): Promise<void> {
    await this.refresh(known, signal);
    if (known.trouble) throw known.trouble;
  }

  async #refresh(known: KnownRuntime, signal: AbortSignal): Promise<void> {
    const isFirst = known.probe === undefined;
    const before = known.trouble?.message;
    const probe = await known.runtime.probe(signal);
    const trouble = await this.#judge(known.name, probe);
    known.probe = probe;
    known.trouble = trouble;
    if (trouble && trouble.message !== before)
      this.#log.warn("a runtime cannot be used", { runtime: known.name, problem: trouble.toJSON() });
    if (isFirst || trouble?.message !== before) this.changes.send();
  }

  async #judge(name: string, probe: Probe): Promise<Problem | undefined> {
    if (!probe.ok) return new Problem("runtime_unavailable", probe.why, probe.hint);
    const key = storeKey(name);
    const remembered = await this.#registry.meta(key);
    if (remembered === undefined) await this.#registry.setMeta(key, probe.store).catch(() => {});
    if (remembered === undefined || remembered === probe.store) return undefined;
    return new Problem(
      "store_changed",
      `${name} shows the store ${probe.store}, but this node's workloads are in ${remembered}`,
      "put the old store back, or accept the new one with: mcp-agent accept-store --config FILE",
    );
  }
}

/** Under which `registry.meta` keeps the identity of a runtime's store. */
export const storeKey = (runtime: string): string => `store.${runtime}`;

/** For a sighting that is `unknown`: why, in a few words. */
export function whyUnknown(thrown: unknown): string {
  const { message, hint } = asProblem(thrown);
  return `${message} (${hint})`;
}
