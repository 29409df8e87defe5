export type { Action, Blocked, Plan, Step } from "./action.ts";
export {
  type AlertMemory,
  type AlertSettings,
  alertDefaults,
  type Finding,
  type Found,
  type Remembered,
} from "./alert-memory.ts";
export { type AlertMessage, stateWord } from "./alert-message.ts";
export { type AlertDecision, decideAlerts } from "./alerts.ts";
export {
  type BootProgress,
  type BootStage,
  currentStage,
  mayRecover,
  nextStageState,
  type StageFacts,
  type StageState,
} from "./boot-order.ts";
export { type Condition, type ConditionCode, conditionKey } from "./condition.ts";
export { isEndOfShutdown } from "./cut-off.ts";
export {
  type Drift,
  type DriftKind,
  type Judgement,
  judge,
  type ObservedState,
  observedState,
} from "./drift.ts";
export type { ComponentGoal, Instance, RestartPolicy, ServiceGoal, Target } from "./goal.ts";
export {
  afterCheck,
  type CheckResult,
  firstHealth,
  type HealthRecord,
  type HealthRules,
  healthLimitMs,
  type Moment,
  nextCheckInMs,
  toldHealth,
} from "./health.ts";
export { collide, describeMove, networkMark, type Place } from "./network.ts";
export { networkConditions } from "./network-conditions.ts";
export {
  type DiskFacts,
  type NodeFacts,
  type NodeLimits,
  nodeConditions,
  nodeLimitDefaults,
} from "./node-conditions.ts";
export {
  type Health,
  healthOf,
  isActive,
  type Observation,
  type Sighting,
  sightingOf,
} from "./observation.ts";
export { plan } from "./plan.ts";
export { portsOverlap, toHostPort } from "./ports.ts";
export type { CrashLoop, Prospect } from "./prospect.ts";
export { crashLoopEnds, decideRestart, type RestartDecision, stableMs } from "./restart.ts";
export { conditionsOf, type RepairFailure, type ServiceFindings, unsettledOf } from "./service-conditions.ts";
export { longestWaitMs } from "./wait-for-health.ts";
