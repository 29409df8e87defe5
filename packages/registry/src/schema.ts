import type { Generated } from "kysely";
import type { Desired, InstanceRole, Managed, OperationKind, OperationState, StepState } from "./records.ts";

/** The tables as kysely sees them; what makes them is in `migrations/`. Flags are 0 or 1, JSON is text. */
export interface Schema {
  meta: { key: string; value: string };
  service: {
    name: string;
    desired: Desired;
    /** What comes back if the candidate does not stay; null: as it is now. */
    desired_before: Desired | null;
    managed: Managed;
    /** The highest number ever given, so that none is given twice even when old revisions are pruned. */
    last_revision: number;
    current_revision: number | null;
    candidate_revision: number | null;
    candidate_state: "trying" | "rejected" | null;
    updated_at_ms: number;
  };
  revision: {
    service: string;
    number: number;
    created_at_ms: number;
    state: "candidate" | "current" | "earlier" | "rejected";
    managed: Managed;
    origin: string;
    content: string;
    operation_id: string;
  };
  component: {
    service: string;
    name: string;
    known_name: string;
    desired: "running" | "stopped";
    desired_before: "running" | "stopped" | null;
    restart_before_ms: number | null;
    in_current: number;
    in_candidate: number;
  };
  port_claim: {
    service: string;
    revision: number;
    component: string;
    address: string;
    port: number;
    protocol: string;
  };
  size_claim: {
    service: string;
    revision: number;
    component: string;
    memory_mib: number;
    vcpus: number;
    is_beside: number;
  };
  address_claim: {
    service: string;
    revision: number;
    component: string;
    /** Of the bridge when it was given, as `10.99.0.1/24`. */
    subnet: string;
    address: string;
  };
  instance: {
    name: string;
    service: string;
    component: string;
    revision: number;
    spec_hash: string;
    spec: string;
    kind: string;
    role: InstanceRole;
    handle_kind: string | null;
    handle_v: number | null;
    handle_state: string | null;
    created_at_ms: number;
    started_at_ms: number | null;
    restarts: number;
    quick_ends: number;
    last_exit: string | null;
    address: string | null;
  };
  operation: {
    /** The order of arrival; the clock may jump. */
    seq: Generated<number>;
    id: string;
    request_id: string;
    service: string;
    kind: OperationKind;
    state: OperationState;
    created_at_ms: number;
    finished_at_ms: number | null;
    revision: number | null;
    problem: string | null;
    last_log_lines: string;
    notes: string;
    request: string;
  };
  step: {
    operation_id: string;
    number: number;
    action: string;
    reason: string;
    after: string;
    state: StepState;
    started_at_ms: number | null;
    finished_at_ms: number | null;
    problem: string | null;
  };
  event: {
    id: Generated<number>;
    at_ms: number;
    service: string;
    component: string;
    kind: string;
    text: string;
    data: string | null;
  };
  alert: { key: string; content: string };
  alert_delivery: { id: Generated<number>; channel: string; message: string };
}
