export type {
  AttachedGuest,
  Bridge,
  BridgeAttachment,
  GuestNetwork,
  GuestNetworkEvent,
  GuestNetworkStatus,
} from "./guest-network.ts";
export type { ImagePin } from "./images.ts";
export {
  type Accelerator,
  type Capabilities,
  type Capability,
  type ExecOptions,
  type ExecResult,
  type Handle,
  type ImageConfig,
  type ImageSource,
  type LogLine,
  type LogOptions,
  type Probe,
  type Runtime,
  type RuntimeEvent,
  type RuntimeKind,
  runtimeKinds,
  type Usage,
} from "./runtime.ts";
export {
  labelKeys,
  labelsFromRecord,
  labelsToRecord,
  type PortMapping,
  type VolumeMount,
  type WorkloadLabels,
  type WorkloadSpec,
} from "./spec.ts";
export type { Stranger, Workload, WorkloadExit, WorkloadState } from "./workload.ts";
