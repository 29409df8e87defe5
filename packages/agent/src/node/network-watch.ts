import { networkConditions } from "@mcp/planner";
import type { GuestNetwork } from "@mcp/runtime";
import type { Engine } from "../engine/engine.ts";

const finder = "network";
/** After what it tells has broken off. */
const pauseMs = 5_000;

/**
 * Has what is wrong with the network of virtual machines among the conditions, and writes down what others changed of it and
 * what was put back.
 */
export class NetworkWatch {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Runs until the engine ends; at once over where there is no such network. */
  async run(): Promise<void> {
    const { network } = this.#engine.deps;
    if (network) await Promise.all([this.#tick(network), this.#listen(network)]);
  }

  async #tick(network: GuestNetwork): Promise<void> {
    const { deps, signal } = this.#engine;
    while (!signal.aborted) {
      await this.#look(network);
      await deps.clock.sleep(deps.intervalMs, signal).catch(() => {});
    }
  }

  async #look(network: GuestNetwork): Promise<void> {
    const { deps, conditions, signal } = this.#engine;
    try {
      const [status, held] = await Promise.all([network.status(signal), deps.registry.heldAddresses()]);
      if (!signal.aborted) conditions.set(finder, networkConditions(status, held.length));
    } catch (cause) {
      if (!signal.aborted)
        deps.log.error("the network of virtual machines could not be looked at", { cause });
    }
  }

  async #listen(network: GuestNetwork): Promise<void> {
    const { deps, journal, signal } = this.#engine;
    while (!signal.aborted) {
      try {
        for await (const { outcome, text } of network.events(signal)) {
          const kind = outcome === "repaired" ? "network_repaired" : "network_failed";
          await journal.write({ service: "", kind, text });
          await this.#look(network);
        }
      } catch (cause) {
        if (signal.aborted) return;
        deps.log.error("what happens to the network of virtual machines could not be followed", { cause });
      }
      await deps.clock.sleep(pauseMs, signal).catch(() => {});
    }
  }
}
