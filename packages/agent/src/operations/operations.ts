import type { OperationRecord } from "@mcp/registry";
import type { Engine } from "../engine/engine.ts";
import { currentState } from "./intents.ts";
import { checkDefinition, componentNotFound } from "./proposal.ts";
import type { DefinitionText, OperationRequest } from "./request.ts";
import { revisionToReturnTo } from "./return-to.ts";

/**
 * What can be asked of the agent. Each checks what can be checked at once, so that bad input is told with nothing
 * recorded, and then submits an operation.
 */
export class Operations {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Make a service match a definition: all of it, or one component.
   * @throws Problem of `checkDefinition`.
   */
  async deploy(requestId: string, definition: DefinitionText, component?: string): Promise<OperationRecord> {
    const { deps, runtimes, signal } = this.#engine;
    const { service } = await checkDefinition(definition, component, {
      node: deps.node,
      runtimes,
      allowedVolumes: deps.allowedVolumes,
      network: deps.network,
      signal,
      resolve: () => Promise.reject(new Error("nothing is resolved while checking")),
    });
    const request = { kind: "deploy" as const, definition, ...(component !== undefined && { component }) };
    return this.#engine.submit(requestId, service, request);
  }

  /** @throws Problem `service_not_found`, `revision_not_found`, `no_earlier_revision`. */
  async rollback(requestId: string, service: string, revision?: number): Promise<OperationRecord> {
    const state = await this.#engine.states.load(service);
    const { number } = await revisionToReturnTo(state, revision, this.#engine.deps.registry);
    return this.#engine.submit(requestId, service, { kind: "rollback", revision: number });
  }

  /** @throws Problem `service_not_found`. */
  async undeploy(requestId: string, service: string): Promise<OperationRecord> {
    await this.#mustExist(requestId, service);
    return this.#engine.submit(requestId, service, { kind: "undeploy" });
  }

  /** @throws Problem `service_not_found`, `component_not_found`. */
  async change(
    kind: "stop" | "start" | "restart",
    requestId: string,
    service: string,
    component?: string,
  ): Promise<OperationRecord> {
    await this.#mustExist(requestId, service, component);
    const request: OperationRequest = { kind, ...(component !== undefined && { component }) };
    return this.#engine.submit(requestId, service, request);
  }

  async #mustExist(requestId: string, service: string, component?: string): Promise<void> {
    // A retry of what has been done already must meet its operation, even if the service is gone by now.
    if (await this.#engine.deps.registry.operation(requestId)) return;
    const state = await currentState(service, this.#engine);
    if (!state) await this.#engine.states.load(service);
    if (component !== undefined && !state?.record.components.some(({ name }) => name === component))
      throw componentNotFound(service, component);
  }
}
