import type { ServiceImpl } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { AgentService, type Health, HealthCheckResponse_ServingStatus as Serving } from "@mcp/proto";
import type { Agent } from "../agent.ts";

/** The standard gRPC health service: what can be answered is served. */
export function healthHandlers({ engine }: Agent): ServiceImpl<typeof Health> {
  const statusOf = (service: string): Serving => {
    if (service !== "" && service !== AgentService.typeName) return Serving.SERVICE_UNKNOWN;
    return engine.signal.aborted ? Serving.NOT_SERVING : Serving.SERVING;
  };
  return {
    async check({ service }) {
      const status = statusOf(service);
      if (status === Serving.SERVICE_UNKNOWN)
        throw new ConnectError(`no service ${service.slice(0, 80)}`, Code.NotFound);
      return { status };
    },
    async *watch({ service }, { signal }) {
      yield { status: statusOf(service) };
      const over = AbortSignal.any([signal, engine.signal]);
      if (!over.aborted)
        await new Promise((resolve) => over.addEventListener("abort", resolve, { once: true }));
      if (!signal.aborted) yield { status: Serving.NOT_SERVING };
    },
  };
}
