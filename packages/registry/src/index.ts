export type { AddressWish, AddressWishes, GivenAddress, HeldAddress } from "./addresses.ts";
export type { AlertChange } from "./alerts.ts";
export type { NameClaim, PortClaim } from "./claims.ts";
export { type DatabaseLock, lockDatabase } from "./database-lock.ts";
export type { EventFilter, NewEvent } from "./events.ts";
export type { InstanceChange, NewInstance } from "./instances.ts";
export { openRegistry, type RegistryOptions } from "./open-registry.ts";
export type { NewOperation, OperationChange, OperationFilter } from "./operations.ts";
export type { Proposal } from "./proposals.ts";
export type { PruneLimits } from "./prune.ts";
export type {
  AddressRecord,
  AlertDelivery,
  AlertRecord,
  ComponentRecord,
  Desired,
  EventRecord,
  InstanceHandle,
  InstanceRecord,
  InstanceRole,
  Managed,
  OperationKind,
  OperationRecord,
  OperationState,
  RevisionRecord,
  ServiceRecord,
  StepRecord,
  StepState,
} from "./records.ts";
export type { Registry } from "./registry.ts";
export { type Capacity, type Promised, type Size, type SizeClaim, type Sum, sizeOf } from "./sizes.ts";
export type { NewStep, StepChange } from "./steps.ts";
