import { Problem } from "@mcp/base";
import type { OperationRecord, Registry, StepRecord } from "@mcp/registry";
import { Broadcast } from "./broadcast.ts";

/** What a client that follows an operation is told. */
export type OperationUpdate =
  | { readonly type: "operation"; readonly operation: OperationRecord }
  | { readonly type: "step"; readonly step: StepRecord }
  | { readonly type: "progress"; readonly stepNumber: number; readonly text: string };

export const isFinished = ({ state }: OperationRecord): boolean =>
  state === "succeeded" || state === "failed";

/** Lets any number of clients follow operations, from the beginning or from where they are. */
export class OperationFeed {
  /** Services of which an operation has ended. */
  readonly ended = new Broadcast<string>();
  readonly #registry: Registry;
  readonly #running = new Map<string, Broadcast<OperationUpdate>>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  publish(operationId: string, update: OperationUpdate): void {
    const broadcast = this.#running.get(operationId);
    broadcast?.send(update);
    if (update.type === "operation" && isFinished(update.operation)) {
      broadcast?.close();
      this.#running.delete(operationId);
      this.ended.send(update.operation.service);
    }
  }

  /**
   * The operation as it is now, then what changes; the last update holds it finished.
   * @throws Problem `operation_not_found`.
   */
  async *follow(idOrRequestId: string, signal: AbortSignal): AsyncGenerator<OperationUpdate, void> {
    const found = await this.#find(idOrRequestId);
    // Listen before reading, so that nothing falls between.
    const listening = new AbortController();
    const updates = this.#broadcastOf(found.id).listen(AbortSignal.any([signal, listening.signal]));
    try {
      const now = await this.#find(found.id);
      yield { type: "operation", operation: now };
      if (isFinished(now)) return;
      for await (const update of updates) {
        yield update;
        if (update.type === "operation" && isFinished(update.operation)) return;
      }
      signal.throwIfAborted();
      // The agent is closing: say how things stand.
      yield { type: "operation", operation: await this.#find(found.id) };
    } finally {
      listening.abort();
      if (this.#running.get(found.id)?.listeners === 0) this.#running.delete(found.id);
    }
  }

  close(): void {
    for (const broadcast of this.#running.values()) broadcast.close();
    this.#running.clear();
  }

  #broadcastOf(id: string): Broadcast<OperationUpdate> {
    const broadcast = this.#running.get(id) ?? new Broadcast<OperationUpdate>();
    this.#running.set(id, broadcast);
    return broadcast;
  }

  async #find(idOrRequestId: string): Promise<OperationRecord> {
    const operation = await this.#registry.operation(idOrRequestId);
    if (operation) return operation;
    throw new Problem(
      "operation_not_found",
      `there is no operation ${idOrRequestId}`,
      "see the recent ones with: mcp status",
    );
  }
}
