import type { OperationRecord, Registry } from "@mcp/registry";
import type { WorkloadSpec } from "@mcp/runtime";
import type { ServiceState, ServiceStates } from "../engine/service-state.ts";
import { isSameContent, type RevisionContent } from "../revision/content.ts";
import { toRevision } from "../revision/revision.ts";
import { checkVolumesStill } from "../revision/volumes.ts";
import { checkBridgeStill, findAnswered, networkNotes, refuseToLeaveBridge } from "./network.ts";
import { checkDefinition, type ProposalDeps, pinImages, withComponent } from "./proposal.ts";
import { proposed, withDesired } from "./prospect.ts";
import type { OperationRequest } from "./request.ts";
import { contentToReturnTo, revisionToReturnTo } from "./return-to.ts";
import { type PortDeps, requireFreeHostPorts } from "./taken-ports.ts";
import { wishesOf } from "./wishes.ts";

export interface IntentDeps extends ProposalDeps, PortDeps {
  readonly registry: Registry;
  readonly states: ServiceStates;
  readonly note: (notes: readonly string[]) => Promise<void>;
}

type Intent<Kind extends OperationRequest["kind"]> = (
  operation: OperationRecord,
  request: Extract<OperationRequest, { kind: Kind }>,
  deps: IntentDeps,
) => Promise<void>;

/**
 * How each operation changes what is wanted. That is all they do: the way there is the same for every one of them.
 * Each may be repeated, since an agent that was killed in the middle does it again.
 */
export const intents: { readonly [Kind in OperationRequest["kind"]]: Intent<Kind> } = {
  async deploy(operation, request, deps) {
    // The proposal names its operation in one transaction: it has been made already.
    if (operation.revision !== undefined) return;
    const checked = await checkDefinition(request.definition, request.component, deps);
    const asked = checked.components.filter(({ name }) => name === (request.component ?? name));
    // Side by side: each waits for somebody else.
    const [pinned, answered] = await Promise.all([
      pinImages(checked, deps),
      findAnswered(checked.service, asked, deps.registry, deps),
    ]);
    const notes = [...checked.notes, ...pinned.notes];
    await deps.note(notes);
    const current = await currentState(checked.service, deps);
    const content = wantedContent(pinned.content, current, request.component);
    const state = checked.isActive ? "running" : "stopped";
    if (current && isCurrent(content, current)) {
      await requirePorts(withDesired(current, state, request.component), deps);
      await deps.registry.setDesired(
        checked.service,
        state,
        request.component ? [request.component] : undefined,
      );
      return;
    }
    const found = { current, notes, answered };
    await propose(operation, content, "deploy", request.component, found, deps);
  },

  async rollback(operation, request, deps) {
    if (operation.revision !== undefined) return;
    const current = await deps.states.load(operation.service);
    const record = await revisionToReturnTo(current, request.revision, deps.registry);
    const content = await contentToReturnTo(record, deps);
    if (isCurrent(content, current)) {
      await requirePorts(withDesired(current, "running", undefined), deps);
      await deps.registry.setDesired(operation.service, "running");
      return;
    }
    const { components } = toRevision(operation.service, 0, content);
    const answered = await findAnswered(operation.service, components, deps.registry, deps);
    const found = { current, notes: [], answered };
    await propose(operation, content, `rollback to ${record.number}`, undefined, found, deps);
  },

  async undeploy(operation, _request, deps) {
    // Gone already, if a killed agent had come that far.
    if (await currentState(operation.service, deps))
      await deps.registry.setDesired(operation.service, "absent");
  },

  // It may have been undeployed while this waited in its lane: `load` says so.
  async stop(operation, { component }, { registry, states }) {
    await states.load(operation.service);
    await registry.setDesired(operation.service, "stopped", component ? [component] : undefined);
  },

  async start(operation, { component }, { registry, states }) {
    await states.load(operation.service);
    await registry.setDesired(operation.service, "running", component ? [component] : undefined);
  },

  async restart(operation, { component }, deps) {
    const { registry, states, allowedVolumes } = deps;
    const { record } = await states.load(operation.service);
    const components = component ? [component] : record.components.map(({ name }) => name);
    // What could not be started again must not be stopped.
    for (const instance of record.instances.filter((each) => components.includes(each.component))) {
      await checkVolumesStill((instance.spec as WorkloadSpec).volumes, instance.component, allowedVolumes);
      await checkBridgeStill(instance, deps);
    }
    await registry.setDesired(operation.service, "running", component ? [component] : undefined);
    await registry.requestRestart(operation.service, components, operation.createdAtMs);
  },

  async repair() {},
};

export function intend(
  operation: OperationRecord,
  request: OperationRequest,
  deps: IntentDeps,
): Promise<void> {
  // Each takes its own request: a correlation that the type of an index access cannot express.
  return (intents[request.kind] as Intent<OperationRequest["kind"]>)(operation, request, deps);
}

/** What a proposal goes by, besides its content. */
interface Found {
  readonly current: ServiceState | undefined;
  readonly notes: readonly string[];
  readonly answered: readonly string[];
}

async function propose(
  operation: OperationRecord,
  content: RevisionContent,
  origin: string,
  onlyComponent: string | undefined,
  { current, notes, answered }: Found,
  deps: IntentDeps,
): Promise<void> {
  const { registry } = deps;
  // Its number is given with the proposal.
  const revision = toRevision(operation.service, 0, content);
  await refuseToLeaveBridge(revision, current, deps);
  const wishes = { ...wishesOf(revision, onlyComponent, current), answered };
  // A port of another service is told as that; the proposal checks again, in its own transaction.
  const given = await registry.checkClaims(wishes);
  await requirePorts(proposed(revision, wishes, current, given), deps);
  const number = await registry.propose({ ...wishes, origin, content, operationId: operation.id });
  if (networkNotes(revision, current, given).length === 0) return;
  // Others may have been given what was still free before.
  const { addresses = [] } = (await registry.service(operation.service)) ?? {};
  const own = addresses.filter((each) => each.revision === number);
  await deps.note([...notes, ...networkNotes(revision, current, own)]);
}

/** The last moment at which nothing was stopped or recorded. @throws Problem `port_taken`. */
async function requirePorts(state: ServiceState, deps: IntentDeps): Promise<void> {
  const goal = deps.states.previewGoalOf(state);
  await requireFreeHostPorts(goal, () => deps.states.observe(goal, deps.signal), deps);
}

export function wantedContent(
  content: RevisionContent,
  current: ServiceState | undefined,
  component: string | undefined,
): RevisionContent {
  if (component === undefined) return content;
  const base = currentRevision(current)?.content ?? { v: 1, sources: [], components: [] };
  return withComponent(base, content, component);
}

export function isCurrent(content: RevisionContent, state: ServiceState): boolean {
  const current = currentRevision(state);
  return current !== undefined && !state.record.candidate && isSameContent(current.content, content);
}

const currentRevision = (state: ServiceState | undefined) =>
  state?.revisions.get(state.record.currentRevision ?? -1);

export async function currentState(
  service: string,
  { states }: { readonly states: ServiceStates },
): Promise<ServiceState | undefined> {
  return (await states.loadAll([service]))[0];
}
