import type {
  ComponentSummaryJson,
  GetServiceResponseJson,
  ListRevisionsResponseJson,
  ListServicesResponseJson,
  PlanResponseJson,
  RevisionJson,
  ServiceSummaryJson,
} from "@mcp/client";
import { type StepReport, stepReport } from "./operation-report.ts";
import { numberOf, numberOrNull, orNull, wordOf } from "./words.ts";

export interface ServiceReport {
  readonly name: string;
  /** `running`, `stopped`, `ignore`, `absent` (being undeployed). */
  readonly desired: string;
  /** The current one; null until a first deploy was accepted. */
  readonly revision: number | null;
  /** One that is being tried. */
  readonly candidateRevision: number | null;
  readonly deployedAt: string | null;
  readonly components: readonly ComponentReport[];
  /** Its definition says `active = false`: it is stopped until it is asked for. */
  readonly isInactive: boolean;
}

export interface ComponentReport {
  readonly name: string;
  /** Its hostname on the network of the service. */
  readonly knownName: string;
  /** `container`, `unikernel`, `microvm`. */
  readonly runtime: string;
  readonly image: string;
  readonly digest: string;
  readonly desired: string;
}

export interface ListReport {
  readonly services: readonly ServiceReport[];
}

export const listReport = ({ services = [] }: ListServicesResponseJson): ListReport => ({
  services: services.map(serviceReport),
});

export function serviceReport(service: ServiceSummaryJson): ServiceReport {
  return {
    name: service.name ?? "",
    desired: wordOf(service.desired, "DESIRED_STATE_"),
    revision: numberOrNull(service.revision),
    candidateRevision: numberOrNull(service.candidateRevision),
    deployedAt: orNull(service.deployedAt),
    components: (service.components ?? []).map(componentReport),
    isInactive: service.inactive ?? false,
  };
}

function componentReport(component: ComponentSummaryJson): ComponentReport {
  return {
    name: component.name ?? "",
    knownName: component.knownName ?? "",
    runtime: component.runtime ?? "",
    image: component.image ?? "",
    digest: component.digest ?? "",
    desired: wordOf(component.desired, "DESIRED_STATE_"),
  };
}

export interface RevisionReport {
  readonly number: number;
  readonly createdAt: string | null;
  /** `candidate` (being tried), `current`, `earlier`, `rejected`. */
  readonly state: string;
  /** What made it: `deploy`, or `rollback to 3`. */
  readonly origin: string;
  readonly components: readonly ComponentReport[];
}

export interface HistoryReport {
  readonly service: string;
  /** The newest first. */
  readonly revisions: readonly RevisionReport[];
}

export function historyReport(service: string, { revisions = [] }: ListRevisionsResponseJson): HistoryReport {
  return { service, revisions: revisions.map(revisionReport).sort((a, b) => b.number - a.number) };
}

function revisionReport(revision: RevisionJson): RevisionReport {
  return {
    number: numberOf(revision.number),
    createdAt: orNull(revision.createdAt),
    state: wordOf(revision.state, "STATE_"),
    origin: revision.origin ?? "",
    components: (revision.components ?? []).map(componentReport),
  };
}

export interface ShowReport {
  readonly service: ServiceReport;
  readonly revision: RevisionReport;
  /** The definition, printed. */
  readonly toml: string;
}

export const showReport = ({
  service = {},
  revision = {},
  toml = "",
}: GetServiceResponseJson): ShowReport => ({
  service: serviceReport(service),
  revision: revisionReport(revision),
  toml,
});

export interface PlanReport {
  readonly service: string;
  /** Empty: nothing is to be done. */
  readonly steps: readonly StepReport[];
  readonly notes: readonly string[];
  /** Why these steps could not all be taken now. */
  readonly blocked: readonly string[];
}

export const planReport = ({
  service = "",
  steps = [],
  notes = [],
  blocked = [],
}: PlanResponseJson): PlanReport => ({
  service,
  steps: steps.map(stepReport),
  notes,
  blocked,
});
