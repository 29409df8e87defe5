import type { AddressWishes, GivenAddress, HeldAddress } from "./addresses.ts";
import type { AlertChange } from "./alerts.ts";
import type { EventFilter, NewEvent } from "./events.ts";
import type { InstanceChange, NewInstance } from "./instances.ts";
import type { NewOperation, OperationChange, OperationFilter } from "./operations.ts";
import type { Proposal } from "./proposals.ts";
import type { PruneLimits } from "./prune.ts";
import type {
  AlertDelivery,
  AlertRecord,
  Desired,
  EventRecord,
  InstanceRecord,
  OperationRecord,
  RevisionRecord,
  ServiceRecord,
} from "./records.ts";
import type { Capacity, Promised } from "./sizes.ts";
import type { NewStep, StepChange } from "./steps.ts";

/**
 * What is wanted, what was tried and what happened, on one node. All times are milliseconds since the epoch.
 *
 * Each call is one transaction: all of it happened or nothing, also after `kill -9` and on a full disk. Every write may
 * throw the Problems `disk_full`, `database_read_only` and `database_failed`; reads go on working after that. A name that
 * was never proposed is `service_not_found`, wherever a service is changed.
 */
export interface Registry {
  /** Sorted by name; all, or those of the given names that exist. Without those that were undeployed and forgotten. */
  services(names?: readonly string[]): Promise<ServiceRecord[]>;
  service(name: string): Promise<ServiceRecord | undefined>;
  /** Newest first; also those of a service that was forgotten. */
  revisions(service: string): Promise<RevisionRecord[]>;
  revision(service: string, number: number): Promise<RevisionRecord | undefined>;
  /** Those that exist of the given ones, by service and number. */
  revisionsOf(
    pairs: readonly { readonly service: string; readonly number: number }[],
  ): Promise<RevisionRecord[]>;

  /** Record an operation as `queued`. The same `requestId` gives back the earlier one, as it is now. */
  addOperation(operation: NewOperation): Promise<{ operation: OperationRecord; isNew: boolean }>;
  operation(idOrRequestId: string): Promise<OperationRecord | undefined>;
  /** Newest first; with `unfinished` only those that are not at their end, oldest first. */
  operations(filter: OperationFilter): Promise<OperationRecord[]>;
  /** What is absent stays. An operation that succeeds or fails is finished now, unless `finishedAtMs` says when. */
  setOperation(id: string, change: OperationChange): Promise<void>;
  /** Each as `planned`. @throws Problem `operation_not_found` */
  addSteps(operationId: string, steps: readonly NewStep[]): Promise<void>;
  /** What is absent stays. @throws Problem `operation_not_found` */
  setStep(operationId: string, number: number, change: StepChange): Promise<void>;

  /**
   * Record a new revision as the candidate, `trying`, and return its number; an earlier candidate becomes rejected.
   * Service and components take what the proposal wants of them. Components it does not list stay until `accept` or
   * `discard`, since their instances must go first. Known names and host ports are claimed beside those of the current
   * revision. What was wanted before is kept, for when the candidate does not stay. A component that wants an address gets
   * the one that it has already, or the lowest that no revision and no recorded instance has.
   *
   * @throws Problem `name_taken`, `port_taken`, `resources_exhausted`, `addresses_exhausted`, which name the holders;
   *   `operation_not_found`. Nothing is changed then.
   */
  propose(proposal: Proposal): Promise<number>;
  /** What `propose` would give or refuse, for a plan that only looks. @throws Problem as `propose` */
  checkClaims(
    claims: Pick<Proposal, "service" | "components" | "ports" | "sizes" | "addresses" | "answered">,
  ): Promise<GivenAddress[]>;
  /**
   * The addresses that `propose` would give anew, and up to `spare` more after them, so that somebody can look whether
   * strangers answer for them. Empty if each component has its own.
   */
  newAddresses(wishes: AddressWishes, spare: number): Promise<string[]>;
  /** All that revisions and instances have, each once. */
  heldAddresses(): Promise<HeldAddress[]>;
  /**
   * What is promised to virtual machines, and what there is for all of them together, if that is limited. A component
   * counts as long as it should run, also while it is down, and no longer once it is to be stopped.
   */
  promises(): Promise<{ readonly promised: readonly Promised[]; readonly capacity?: Capacity }>;
  /**
   * The candidate failed: it keeps its claims while its instances are removed, and what was wanted before it was proposed
   * is wanted again, of the service and of its components, unless `setDesired` came since. Nothing without a candidate.
   */
  reject(service: string): Promise<void>;
  /**
   * The candidate is gone for good, with all that only it had; what is wanted comes back as with `reject`. `managed` is
   * again as the current revision has it; a service without a current revision becomes `absent`. Nothing without a
   * candidate.
   */
  discard(service: string): Promise<void>;
  /**
   * The candidate becomes the current revision, the one before `earlier`; what only that had is released. The instances
   * named by `keep` are `current` from here on, all others of the service `retired`. Without a candidate only that.
   *
   * @throws Problem `superseded` if the candidate was rejected
   */
  accept(service: string, options: { readonly keep: readonly string[] }): Promise<void>;
  /**
   * With `components`: what is wanted of these (`running` or `stopped`), nothing else. Without: of the service and of
   * all its components; `absent` stops them, `ignore` leaves them as they are.
   *
   * @throws Problem `resources_exhausted` if virtual machines are to run for which there is no room;
   *   `component_not_found`; `service_not_found` if it is undeployed with nothing left of it, and of parts
   *   of it already while it is being undeployed
   */
  setDesired(service: string, desired: Desired, components?: readonly string[]): Promise<void>;
  /** Their instances that were started before `beforeMs` must be started anew. @throws Problem `component_not_found` */
  requestRestart(service: string, components: readonly string[], beforeMs: number): Promise<void>;
  /** After an undeploy: instances, components and claims are gone, revisions and operations stay as history. */
  forget(service: string): Promise<void>;

  /** By the name that its runtime knows it by. */
  instance(name: string): Promise<InstanceRecord | undefined>;
  /**
   * Record an instance before it is started. Again with the same name and spec hash: changes nothing.
   * @throws Problem `spec_conflict` if the name belongs to another one
   */
  addInstance(instance: NewInstance): Promise<void>;
  /** What is absent stays. @throws Problem `workload_not_found` if no such instance is recorded */
  setInstance(name: string, change: InstanceChange): Promise<void>;
  /** Nothing if it is gone already. */
  removeInstance(name: string): Promise<void>;

  /** All of them at the time of now, in their order. */
  addEvents(events: readonly NewEvent[]): Promise<EventRecord[]>;
  /** The oldest ones that fit, oldest first; with `newest` the newest ones, newest first. */
  events(filter: EventFilter): Promise<EventRecord[]>;
  /**
   * Delete what is older or more than the limits, in small batches between which others get their turn. Current
   * revisions, candidates, revisions that an instance was made from and unfinished operations always stay. The age of
   * events counts from now, or from the newest event if that is earlier, and the newest 1 000 stay whatever their age.
   *
   * @returns how many events, operations and revisions were deleted
   */
  prune(limits: PruneLimits): Promise<number>;

  /** By key: what the agent remembers of the alerts that it told. */
  alerts(): Promise<AlertRecord[]>;
  /** What was decided, with the messages that follow from it, which are returned with their ids. */
  changeAlerts(change: AlertChange): Promise<AlertDelivery[]>;
  /** Those that no channel has ended, oldest first. */
  alertDeliveries(): Promise<AlertDelivery[]>;
  /** It was told, or given up. Nothing if it is gone already. */
  endAlertDelivery(id: number): Promise<void>;

  /** A value that the agent keeps for itself. */
  meta(key: string): Promise<string | undefined>;
  setMeta(key: string, value: string): Promise<void>;

  /**
   * Write a copy as of its end to `toPath`, with mode 0600, while the database is in use; what was there is replaced in
   * one piece, or stays.
   *
   * @throws Problem `disk_full`, `permission_denied`, `file_not_found` (no such folder), `usage` (the database itself)
   */
  snapshot(toPath: string): Promise<void>;
  /** @throws the Problem that a write would meet */
  checkWritable(): Promise<void>;
  /** Ends after the calls made before it. The write-ahead log is folded into the file; no call may follow. */
  close(): Promise<void>;
}
