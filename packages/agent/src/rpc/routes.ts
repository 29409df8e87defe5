import type { ConnectRouter } from "@connectrpc/connect";
import { AgentService, Health } from "@mcp/proto";
import type { Agent } from "../agent.ts";
import { rpcMetrics } from "../metrics/rpc-metrics.ts";
import { healthHandlers } from "./health-handlers.ts";
import { operationHandlers } from "./operation-handlers.ts";
import { detailWhatConnectRefuses, problemsOnTheWire } from "./problems.ts";
import { queryHandlers } from "./query-handlers.ts";

/**
 * The agent's services for a Connect router: `connectNodeAdapter({ routes: routesOf(agent) })`, or in memory
 * `createRouterTransport(routesOf(agent))`.
 */
export function routesOf(agent: Agent): (router: ConnectRouter) => void {
  const options = {
    interceptors: [rpcMetrics(agent.engine.metrics), problemsOnTheWire(agent.deps.log)],
    requestGate: detailWhatConnectRefuses,
  };
  return (router) => {
    router.service(AgentService, { ...operationHandlers(agent), ...queryHandlers(agent) }, options);
    router.service(Health, healthHandlers(agent), options);
  };
}
