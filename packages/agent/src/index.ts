export { Agent } from "./agent.ts";
export {
  type Alert,
  type AlertChannel,
  type AlertJSON,
  type AlertOptions,
  alertJSON,
  commandChannel,
  type EmailOptions,
  emailChannel,
  type WebhookOptions,
  webhookChannel,
} from "./alerts/index.ts";
export type { ConfiguredStage, StageHealth } from "./boot/stage.ts";
export type { Deps, DoctorCheck, NamedRuntime } from "./deps.ts";
export { storeKey } from "./engine/runtimes.ts";
export { machineCapacity } from "./machine-capacity.ts";
export { type Exposition, exposeMetrics } from "./metrics/exposition.ts";
export { metricsReference } from "./metrics/reference.ts";
export type { RuntimeStatus } from "./queries/node-status.ts";
export { toConnectError } from "./rpc/problems.ts";
export { routesOf } from "./rpc/routes.ts";
