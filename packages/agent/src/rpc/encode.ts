import { type DescMessage, type MessageInitShape, protoInt64 } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ProblemJSON } from "@mcp/base";
import type { Action, ObservedState, Step } from "@mcp/planner";
import {
  DesiredState,
  type EventSchema,
  type LiveInstanceSchema,
  LogLine_Stream,
  type LogLineSchema,
  Operation_State,
  type OperationSchema,
  type OperationUpdateSchema,
  Revision_State,
  type RevisionSchema,
  Step_State,
  type StepSchema,
  type StrangerSchema,
  ObservedState as WireObserved,
} from "@mcp/proto";
import type { EventRecord, OperationRecord, RevisionRecord, StepRecord } from "@mcp/registry";
import type { PortMapping, Stranger, Usage, Workload } from "@mcp/runtime";
import { driftOf } from "../engine/drift-data.ts";
import type { OperationUpdate } from "../engine/operation-feed.ts";
import type { ComponentLogLine } from "../queries/logs.ts";
import type { PinnedComponent } from "../revision/revision.ts";
import { toDetail } from "./problems.ts";

type Init<Schema extends DescMessage> = MessageInitShape<Schema>;

/** Left out where the time is not known. */
export const stamp = <Key extends string>(key: Key, atMs: number | undefined): { [K in Key]?: Timestamp } =>
  atMs === undefined ? {} : ({ [key]: timestampFromMs(atMs) } as { [K in Key]: Timestamp });

export const int64 = (value: number | undefined): bigint => protoInt64.parse(value ?? 0);

export const desiredStates = {
  running: DesiredState.RUNNING,
  stopped: DesiredState.STOPPED,
  ignore: DesiredState.IGNORE,
  absent: DesiredState.ABSENT,
} as const;

export const observedStates: Readonly<Record<ObservedState, WireObserved>> = {
  running: WireObserved.RUNNING,
  starting: WireObserved.STARTING,
  unhealthy: WireObserved.UNHEALTHY,
  stopping: WireObserved.STOPPING,
  stopped: WireObserved.STOPPED,
  exited: WireObserved.EXITED,
  "crash-looping": WireObserved.CRASH_LOOPING,
  missing: WireObserved.MISSING,
  unknown: WireObserved.UNKNOWN,
};

const operationStates = {
  queued: Operation_State.QUEUED,
  running: Operation_State.RUNNING,
  reverting: Operation_State.REVERTING,
  succeeded: Operation_State.SUCCEEDED,
  failed: Operation_State.FAILED,
} as const;

const stepStates = {
  planned: Step_State.PLANNED,
  running: Step_State.RUNNING,
  done: Step_State.DONE,
  failed: Step_State.FAILED,
  skipped: Step_State.SKIPPED,
} as const;

const revisionStates = {
  candidate: Revision_State.CANDIDATE,
  current: Revision_State.CURRENT,
  earlier: Revision_State.EARLIER,
  rejected: Revision_State.REJECTED,
} as const;

export function encodeUpdate(update: OperationUpdate): Init<typeof OperationUpdateSchema> {
  switch (update.type) {
    case "operation":
      return { update: { case: "operation", value: encodeOperation(update.operation) } };
    case "step":
      return { update: { case: "step", value: encodeStep(update.step) } };
    case "progress": {
      const { stepNumber, text } = update;
      return { update: { case: "progress", value: { stepNumber, text } } };
    }
  }
}

export function encodeOperation(operation: OperationRecord): Init<typeof OperationSchema> {
  const { id, requestId, service, kind, state, createdAtMs, finishedAtMs, revision, problem } = operation;
  return {
    id,
    requestId,
    service,
    kind,
    state: operationStates[state],
    revision: int64(revision),
    steps: operation.steps.map(encodeStep),
    lastLogLines: [...operation.lastLogLines],
    notes: [...operation.notes],
    ...stamp("createdAt", createdAtMs),
    ...stamp("finishedAt", finishedAtMs),
    ...(problem !== undefined && { problem: toDetail(problem as ProblemJSON) }),
  };
}

export function encodeStep(step: StepRecord): Init<typeof StepSchema> {
  return {
    ...encodeAction(step.action as Action),
    number: step.number,
    reason: step.reason,
    after: [...step.after],
    state: stepStates[step.state],
    ...stamp("startedAt", step.startedAtMs),
    ...stamp("finishedAt", step.finishedAtMs),
    ...(step.problem !== undefined && { problem: toDetail(step.problem as ProblemJSON) }),
  };
}

/** A step that is only planned: nothing of it is recorded. */
export const encodePlannedStep = (step: Step): Init<typeof StepSchema> =>
  encodeStep({ ...step, state: "planned" });

function encodeAction(action: Action): Init<typeof StepSchema> {
  const component = "component" in action ? action.component : "";
  const instance = "instance" in action ? action.instance : "";
  const subject =
    action.do === "pull"
      ? action.image.reference
      : "revision" in action
        ? `revision ${action.revision}`
        : instance;
  const untilHealthy = action.do === "stand" && action.healthLimitMs !== undefined;
  return { action: action.do, component, instance, subject, untilHealthy };
}

export function encodeEvent({
  id,
  atMs,
  service,
  component,
  kind,
  text,
  data,
}: EventRecord): Init<typeof EventSchema> {
  const drift = kind === "observed" ? driftOf(data) : "";
  return { id: int64(id), service, component, kind, text, drift, ...stamp("at", atMs) };
}

export function encodeRevision(
  record: RevisionRecord,
  components: readonly PinnedComponent[],
): Init<typeof RevisionSchema> {
  return {
    number: int64(record.number),
    state: revisionStates[record.state],
    origin: record.origin,
    components: components.map((component) => encodeComponent(component, "running")),
    ...stamp("createdAt", record.createdAtMs),
  };
}

export function encodeComponent(
  { name, knownName, runtime, image }: PinnedComponent,
  desired: "running" | "stopped",
) {
  const { reference, digest } = image;
  return { name, knownName, runtime, image: reference, digest, desired: desiredStates[desired] };
}

export function encodeLive(
  workload: Workload,
  observed: ObservedState,
  usage: Usage | undefined,
): Init<typeof LiveInstanceSchema> {
  const { labels, name, kind, startedAtMs, imageReference, ports, exit, address, pid } = workload;
  return {
    service: labels.service,
    component: labels.component,
    instance: name,
    runtime: kind,
    observed: observedStates[observed],
    image: imageReference,
    ports: ports.map(printPort),
    revision: int64(labels.revision),
    address: address ?? "",
    pid: pid ?? 0,
    memoryBytes: int64(usage?.memoryBytes),
    cpuCores: usage?.cpuCores ?? 0,
    ...stamp("startedAt", startedAtMs),
    ...(exit?.code !== undefined && { exitCode: exit.code }),
  };
}

/** Its name and image are anybody's words, and terminals show them. */
export function encodeStranger({ name, what, state, imageReference }: Stranger): Init<typeof StrangerSchema> {
  return { name: printable(name), what, state: state ?? "", image: printable(imageReference) };
}

const printable = (text: string): string => text.replaceAll(/\p{C}/gu, "?");

export function encodeLogLine({
  atMs,
  component,
  instance,
  stream,
  text,
  found,
}: ComponentLogLine): Init<typeof LogLineSchema> {
  return {
    component,
    instance,
    stream: stream === "stderr" ? LogLine_Stream.STDERR : LogLine_Stream.STDOUT,
    text,
    found: found === true,
    ...stamp("at", atMs),
  };
}

/** As a definition writes it. */
function printPort({ address, host, guest, protocol }: PortMapping): string {
  const on = address === "" ? "" : address.includes(":") ? `[${address}]:` : `${address}:`;
  return `${on}${host}:${guest}${protocol === "udp" ? "/udp" : ""}`;
}
