import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { AgentService, OperationUpdateSchema } from "@mcp/proto";
import type { OperationRecord } from "@mcp/registry";
import { type Agent, notBuiltYet } from "../agent.ts";
import {
  decodeDefinition,
  decodeLimit,
  decodeName,
  decodeOptionalName,
  decodeOptionalNumber,
  decodeRequestId,
} from "./decode.ts";
import { encodeOperation, encodeUpdate } from "./encode.ts";

/** What `operationHandlers` serves; all else is a question. */
export type OperationRpc =
  | "deploy"
  | "undeploy"
  | "stop"
  | "start"
  | "restart"
  | "rollback"
  | "sync"
  | "getOperation"
  | "listOperations"
  | "watchOperation";

type Handlers = Pick<ServiceImpl<typeof AgentService>, OperationRpc>;

/** Decode, one use case, encode. */
export function operationHandlers({ operations, engine, deps }: Agent): Handlers {
  async function* follow(
    submitted: Promise<OperationRecord>,
    { signal }: HandlerContext,
  ): AsyncGenerator<{ update: MessageInitShape<typeof OperationUpdateSchema> }> {
    const { id } = await submitted;
    for await (const update of engine.feed.follow(id, signal)) yield { update: encodeUpdate(update) };
  }
  const change = (
    kind: "stop" | "start" | "restart",
    request: { requestId: string; service: string; component: string },
  ): Promise<OperationRecord> =>
    operations.change(
      kind,
      decodeRequestId(request.requestId),
      decodeName("service", request.service),
      decodeOptionalName("component", request.component),
    );

  return {
    async *deploy({ requestId, definition, component }, context) {
      const only = decodeOptionalName("component", component);
      yield* follow(
        operations.deploy(decodeRequestId(requestId), decodeDefinition(definition), only),
        context,
      );
    },
    async *undeploy({ requestId, service }, context) {
      yield* follow(operations.undeploy(decodeRequestId(requestId), decodeName("service", service)), context);
    },
    async *rollback({ requestId, service, revision }, context) {
      const number = decodeOptionalNumber(revision);
      yield* follow(
        operations.rollback(decodeRequestId(requestId), decodeName("service", service), number),
        context,
      );
    },
    async *stop(request, context) {
      yield* follow(change("stop", request), context);
    },
    async *start(request, context) {
      yield* follow(change("start", request), context);
    },
    async *restart(request, context) {
      yield* follow(change("restart", request), context);
    },
    // biome-ignore lint/correctness/useYield: it only refuses
    async *sync() {
      throw notBuiltYet("sync");
    },

    async getOperation({ id }, { signal }) {
      for await (const update of engine.feed.follow(id, signal))
        if (update.type === "operation") return { operation: encodeOperation(update.operation) };
      return {};
    },
    async listOperations({ service, limit }) {
      const only = decodeOptionalName("service", service);
      const found = await deps.registry.operations({
        ...(only !== undefined && { service: only }),
        limit: decodeLimit(limit, 50, 1_000),
      });
      return { operations: found.map(encodeOperation) };
    },
    async *watchOperation({ id }, { signal }) {
      for await (const update of engine.feed.follow(id, signal)) yield { update: encodeUpdate(update) };
    },
  };
}
