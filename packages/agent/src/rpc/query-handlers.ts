import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { observedState } from "@mcp/planner";
import { type AgentService, Check_Outcome, type LogLineSchema, type ServiceSummarySchema } from "@mcp/proto";
import type { Workload } from "@mcp/runtime";
import { definitionFromJSON, printDefinition } from "@mcp/servicedef";
import { type Agent, notBuiltYet } from "../agent.ts";
import { bootStatus } from "../boot/boot-status.ts";
import { toSighting } from "../engine/observe.ts";
import type { ServiceState } from "../engine/service-state.ts";
import { previewDeploy, previewRollback, previewService } from "../operations/preview.ts";
import { revisionNotFound } from "../operations/return-to.ts";
import { doctor } from "../queries/doctor.ts";
import { watchEvents } from "../queries/events.ts";
import { liveInstances } from "../queries/live.ts";
import { logs } from "../queries/logs.ts";
import { nodeStatus } from "../queries/node-status.ts";
import { type ComponentStatus, status } from "../queries/status.ts";
import { readRevision } from "../revision/revision.ts";
import {
  decodeDefinition,
  decodeEventFilter,
  decodeLimit,
  decodeName,
  decodeOptionalName,
  decodeOptionalNumber,
} from "./decode.ts";
import {
  desiredStates,
  encodeComponent,
  encodeEvent,
  encodeLive,
  encodeLogLine,
  encodePlannedStep,
  encodeRevision,
  encodeStranger,
  int64,
  observedStates,
  stamp,
} from "./encode.ts";
import { encodeBoot } from "./encode-boot.ts";
import { encodeNode } from "./encode-node.ts";
import type { OperationRpc } from "./operation-handlers.ts";

type Handlers = Omit<ServiceImpl<typeof AgentService>, OperationRpc>;

const mostLinesAMessage = 200;

/** Questions: they change nothing. Decode, one use case, encode. */
export function queryHandlers(agent: Agent): Handlers {
  const { engine, deps } = agent;
  return {
    async plan({ what, component }, { signal }) {
      const only = decodeOptionalName("component", component);
      const preview =
        what.case === "service"
          ? await previewService(engine, decodeName("service", what.value), signal)
          : what.case === "rollback"
            ? await previewRollback(
                engine,
                decodeName("service", what.value.service),
                decodeOptionalNumber(what.value.revision),
                signal,
              )
            : await previewDeploy(engine, decodeDefinition(what.value), only, signal);
      return {
        service: preview.service,
        steps: preview.plan.steps.map(encodePlannedStep),
        notes: [...preview.notes],
        blocked: preview.plan.blocked.map(({ component: of, why }) => (of === "" ? why : `${of}: ${why}`)),
      };
    },

    async listServices() {
      return { services: (await engine.states.loadAll()).map(encodeSummary) };
    },
    async getService({ service, revision }) {
      const state = await engine.states.load(decodeName("service", service));
      const number = decodeOptionalNumber(revision) ?? state.record.currentRevision ?? 0;
      const record = await deps.registry.revision(state.record.name, number);
      if (!record && revision !== 0n) throw revisionNotFound(service, number);
      // Not even one was accepted yet.
      if (!record) return { service: encodeSummary(state) };
      const { components, content } = readRevision(record);
      const toml = content.sources
        .map(({ definition }) => printDefinition(definitionFromJSON(definition)))
        .at(-1);
      return {
        service: encodeSummary(state),
        revision: encodeRevision(record, components),
        toml: toml ?? "",
      };
    },
    async listRevisions({ service }) {
      const records = await deps.registry.revisions(decodeName("service", service));
      // Also of a service that was undeployed; one that never was has none.
      if (records.length === 0) await engine.states.load(service);
      return { revisions: records.map((record) => encodeRevision(record, readRevision(record).components)) };
    },

    async status({ service }, { signal }) {
      const report = await status(engine, decodeOptionalName("service", service), signal);
      return {
        node: report.node,
        services: report.services.map(({ state, components, runningOperation }) => ({
          service: encodeSummary(state),
          components: components.map(encodeComponentStatus),
          runningOperation: runningOperation?.id ?? "",
          runningOperationKind: runningOperation?.kind ?? "",
        })),
        recentEvents: report.recentEvents.map(encodeEvent),
        unmanaged: report.unmanaged.map((workload) =>
          encodeLive(workload, stateOf(workload, engine), undefined),
        ),
        strangers: report.strangers.shown.map(encodeStranger),
        strangerCount: report.strangers.count,
        ...encodeBoot(await bootStatus(agent)),
      };
    },
    async liveCheck({ service, usage }) {
      const only = decodeOptionalName("service", service);
      if (only !== undefined) await engine.states.load(only);
      const live = await liveInstances(engine, { ...(only !== undefined && { service: only }), usage });
      return {
        instances: live.workloads.map((workload) =>
          encodeLive(workload, stateOf(workload, engine), live.usage.get(workload.name)),
        ),
        problems: [...live.problems],
      };
    },

    async *logs({ service, component, tail, since, follow }, { signal }) {
      const lines = logs(
        engine,
        decodeName("service", service),
        decodeOptionalName("component", component),
        { follow, ...(tail !== undefined && { tail }), ...(since && { sinceMs: timestampMs(since) }) },
        signal,
      );
      let batch: MessageInitShape<typeof LogLineSchema>[] = [];
      for await (const line of lines) {
        batch.push(encodeLogLine(line));
        // One at a time while following, so that none waits for the next.
        if (!follow && batch.length < mostLinesAMessage) continue;
        yield { lines: batch };
        batch = [];
      }
      if (batch.length > 0) yield { lines: batch };
    },
    async listEvents({ service, component, since, limit }) {
      const events = await deps.registry.events({
        ...decodeEventFilter(service, component),
        ...(since && { sinceMs: timestampMs(since) }),
        limit: decodeLimit(limit, 100, 10_000),
        newest: true,
      });
      return { events: events.toReversed().map(encodeEvent) };
    },
    async *watchEvents({ service, component, since, afterId }, { signal }) {
      const filter = decodeEventFilter(service, component);
      const from = {
        ...(since && { sinceMs: timestampMs(since) }),
        ...(afterId !== undefined && { afterId: Number(afterId) }),
      };
      const watched = watchEvents(engine, filter, from, signal);
      yield {};
      for await (const event of watched) yield { event: encodeEvent(event) };
    },

    async nodeStatus() {
      return { node: encodeNode(await nodeStatus(agent), await bootStatus(agent)) };
    },
    async doctor() {
      const outcomes = {
        ok: Check_Outcome.OK,
        warning: Check_Outcome.WARNING,
        failed: Check_Outcome.FAILED,
      };
      const checks = await doctor(agent);
      return { checks: checks.map((check) => ({ ...check, outcome: outcomes[check.outcome] })) };
    },

    async adopt() {
      throw notBuiltYet("adopt");
    },
    async pushFile() {
      throw notBuiltYet("push");
    },
    // biome-ignore lint/correctness/useYield: it only refuses
    async *pullFile() {
      throw notBuiltYet("pull");
    },
    async prune() {
      throw notBuiltYet("prune");
    },
  };
}

/** As its health check says, where it has one. */
function stateOf(workload: Workload, { health: monitor }: Agent["engine"]) {
  const sighting = toSighting(workload);
  const health = monitor.of(workload.name);
  return observedState(sighting.state === "running" && health ? { ...sighting, health } : sighting, true);
}

function encodeSummary({ record, revisions }: ServiceState): MessageInitShape<typeof ServiceSummarySchema> {
  const current = revisions.get(record.currentRevision ?? -1);
  const desired = new Map(record.components.map((component) => [component.name, component.desired]));
  return {
    name: record.name,
    desired: desiredStates[record.desired],
    revision: int64(record.currentRevision),
    candidateRevision: int64(record.candidate?.revision),
    components: (current?.components ?? []).map((component) =>
      encodeComponent(component, desired.get(component.name) ?? "running"),
    ),
    inactive: current?.complete.active === false,
    ...stamp("deployedAt", current?.createdAtMs),
  };
}

function encodeComponentStatus(component: ComponentStatus) {
  const {
    name,
    instance,
    desired,
    observed,
    drift,
    restarts,
    quickEnds = 0,
    address = "",
    kind,
    usage,
    health,
  } = component;
  const { sinceMs, nextTryAtMs, lastExitCode } = component;
  return {
    name,
    instance: instance ?? "",
    desired: desiredStates[desired],
    observed: observedStates[observed],
    drift: [...drift],
    restarts,
    quickEnds,
    address,
    runtime: kind ?? "",
    ...(health && { health: { state: health.state, text: health.text, ...stamp("since", health.sinceMs) } }),
    ...(usage && { memoryBytes: int64(usage.memoryBytes), cpuCores: usage.cpuCores }),
    ...stamp("since", sinceMs),
    ...stamp("nextTryAt", nextTryAtMs),
    ...(lastExitCode !== undefined && { lastExitCode }),
  };
}
