export type {
  AlertChannelJson,
  BootProgressJson,
  CheckJson,
  ComponentStatusJson,
  ComponentSummaryJson,
  DefinitionJson,
  DesiredStateJson,
  DoctorResponseJson,
  EventJson,
  GetServiceResponseJson,
  ListRevisionsResponseJson,
  ListServicesResponseJson,
  LiveCheckResponseJson,
  LiveInstanceJson,
  LogLineJson,
  NetworkJson,
  NodeInfoJson,
  ObservedStateJson,
  OperationJson,
  OperationUpdateJson,
  PlanResponseJson,
  ProblemDetailJson,
  RevisionJson,
  ServiceSummaryJson,
  StatusResponseJson,
  StepJson,
} from "@mcp/proto";
export { type AgentAddress, parseAddress } from "./address.ts";
export {
  type AgentClient,
  type CallOptions,
  type ConnectOptions,
  clientOver,
  connect,
} from "./agent-client.ts";
export { type FollowEventsOptions, type FollowedEvent, followEvents } from "./follow-events.ts";
export { type Followed, type FollowOptions, followOperation } from "./follow-operation.ts";
export { problemFromDetail, problemFromWire, type WireError } from "./problem-from-wire.ts";
export { systemClock } from "./system-clock.ts";
export type { Wire, WireRequest, WireResponse } from "./wire.ts";
