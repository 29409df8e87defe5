import { asProblem } from "@mcp/base";
import { type Plan, plan } from "@mcp/planner";
import type { ServiceRecord } from "@mcp/registry";
import type { Engine } from "../engine/engine.ts";
import type { ServiceState } from "../engine/service-state.ts";
import type { RevisionContent } from "../revision/content.ts";
import { type Revision, toRevision } from "../revision/revision.ts";
import { currentState, isCurrent, revisionToReturnTo, wantedContent } from "./intents.ts";
import { checkDefinition, pinImages } from "./proposal.ts";
import type { DefinitionText } from "./request.ts";

export interface Preview {
  readonly service: string;
  readonly plan: Plan;
  readonly notes: readonly string[];
}

/** What a deploy would do now. Asks the same questions as the deploy itself, and changes nothing. */
export async function previewDeploy(
  engine: Engine,
  definition: DefinitionText,
  component: string | undefined,
  signal: AbortSignal,
): Promise<Preview> {
  const { deps, runtimes, states } = engine;
  const proposal = {
    node: deps.node,
    runtimes,
    allowedVolumes: deps.allowedVolumes,
    resolve: (reference: string) => deps.images.resolve(reference, signal),
  };
  const checked = await checkDefinition(definition, proposal);
  const pinned = await pinImages(checked, proposal);
  const current = await currentState(checked.service, { states });
  const content = wantedContent(pinned.content, current, component);
  const notes = [...checked.notes, ...pinned.notes];
  if (current && isCurrent(content, current)) {
    const state = withDesired(current, checked.isActive ? "running" : "stopped", component);
    return previewOf(engine, state, notes, signal);
  }
  return previewContent(engine, checked.service, content, component, current, notes, signal);
}

/** What a rollback would do now. */
export async function previewRollback(
  engine: Engine,
  service: string,
  revision: number | undefined,
  signal: AbortSignal,
): Promise<Preview> {
  const current = await engine.states.load(service);
  const { content, number } = await revisionToReturnTo(current, revision, engine.deps.registry);
  const notes = [`back to revision ${number}`];
  return previewContent(engine, service, content as RevisionContent, undefined, current, notes, signal);
}

/** What would be done for a service as things stand, if somebody asked. */
export async function previewService(engine: Engine, service: string, signal: AbortSignal): Promise<Preview> {
  return previewOf(engine, await engine.states.load(service), [], signal);
}

async function previewContent(
  engine: Engine,
  service: string,
  content: RevisionContent,
  component: string | undefined,
  current: ServiceState | undefined,
  notes: readonly string[],
  signal: AbortSignal,
): Promise<Preview> {
  const number = await nextRevision(engine, service);
  const state = tried(toRevision(service, number, content), component, current);
  return previewOf(engine, state, notes, signal);
}

async function nextRevision(engine: Engine, service: string): Promise<number> {
  const [newest] = await engine.deps.registry.revisions(service);
  return (newest?.number ?? 0) + 1;
}

/** The service as it would stand in the registry once the revision is proposed. */
function tried(
  revision: Revision,
  onlyComponent: string | undefined,
  current: ServiceState | undefined,
): ServiceState {
  const desired = revision.complete.active ? ("running" as const) : ("stopped" as const);
  const before = new Map(current?.record.components.map((component) => [component.name, component]));
  const components = revision.components.map(({ name, knownName }) => ({
    name,
    knownName,
    desired:
      onlyComponent === undefined || name === onlyComponent
        ? desired
        : (before.get(name)?.desired ?? desired),
  }));
  const record: ServiceRecord = {
    updatedAtMs: 0,
    instances: [],
    ...current?.record,
    name: revision.service,
    desired,
    managed: revision.complete.managed,
    candidate: { revision: revision.number, state: "trying" },
    components: [
      ...components,
      ...[...before.values()].filter(({ name }) => !components.some((kept) => kept.name === name)),
    ],
  };
  return { record, revisions: new Map([...(current?.revisions ?? []), [revision.number, revision]]) };
}

function withDesired(
  state: ServiceState,
  desired: "running" | "stopped",
  component: string | undefined,
): ServiceState {
  const components = state.record.components.map((each) =>
    component === undefined || each.name === component ? { ...each, desired } : each,
  );
  return { ...state, record: { ...state.record, desired, components } };
}

async function previewOf(
  engine: Engine,
  state: ServiceState,
  notes: readonly string[],
  signal: AbortSignal,
): Promise<Preview> {
  const goal = engine.states.goalOf(state, "operation");
  const observation = await engine.states.observe(goal, signal);
  const planned = plan(goal, observation, engine.deps.clock.now());
  const conflict = await claimConflict(engine, state);
  return {
    service: state.record.name,
    plan: conflict
      ? { ...planned, blocked: [...planned.blocked, { component: "", why: conflict }] }
      : planned,
    notes: [...notes, ...planned.notes],
  };
}

/** Names and ports that another service holds: the deploy would be refused for them. */
async function claimConflict(
  engine: Engine,
  { record, revisions }: ServiceState,
): Promise<string | undefined> {
  const candidate = revisions.get(record.candidate?.revision ?? -1);
  if (!candidate) return undefined;
  try {
    await engine.deps.registry.checkClaims({
      service: record.name,
      components: candidate.components.map(({ name, knownName }) => ({ name, knownName })),
      ports: candidate.components.flatMap(({ name, ports }) =>
        ports.map(({ address, host, protocol }) => ({ component: name, address, port: host, protocol })),
      ),
    });
    return undefined;
  } catch (thrown) {
    return asProblem(thrown).message;
  }
}
