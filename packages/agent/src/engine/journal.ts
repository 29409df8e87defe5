import type { Logger } from "@mcp/host";
import type { EventRecord, Registry } from "@mcp/registry";
import type { Metrics } from "../metrics/metrics.ts";
import { Broadcast } from "./broadcast.ts";

export interface NewEvent {
  /** Empty for what concerns the node. */
  readonly service: string;
  readonly component?: string;
  readonly kind: EventKind;
  readonly text: string;
  /** For programs. */
  readonly data?: unknown;
}

export type EventKind =
  | "deployed"
  | "deploy_failed"
  | "undeployed"
  | "operation_failed"
  | "started"
  | "restarted"
  | "stopped"
  | "observed"
  | "crash_loop"
  | "recovered"
  | "repair_failed"
  | "runtime_lost"
  | "runtime_back"
  | "boot_stage"
  | "boot_done"
  | "alert"
  | "alerts_failing"
  | "alerts_back"
  | "network_repaired"
  | "network_failed"
  | "agent_started"
  | "agent_stopped";

/** Writes down what happened, and tells those who watch. */
export class Journal {
  readonly #registry: Registry;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #broadcast = new Broadcast<EventRecord>();

  constructor(registry: Registry, log: Logger, metrics: Metrics) {
    this.#registry = registry;
    this.#log = log;
    this.#metrics = metrics;
  }

  async write(...events: readonly NewEvent[]): Promise<void> {
    if (events.length === 0) return;
    for (const { kind, text, service, component = "" } of events) {
      this.#log.info(text, { event: kind, service, ...(component && { component }) });
      this.#metrics.event(kind, service, component);
    }
    try {
      const written = await this.#registry.addEvents(
        events.map(({ component = "", ...event }) => ({ ...event, component })),
      );
      for (const event of written) this.#broadcast.send(event);
    } catch (cause) {
      // A full disk must not stop a repair: the log has the event, and the next write says what is wrong.
      this.#log.error("an event could not be kept", { cause });
    }
  }

  listen(signal: AbortSignal): AsyncIterable<EventRecord> {
    return this.#broadcast.listen(signal);
  }

  close(): void {
    this.#broadcast.close();
  }
}
