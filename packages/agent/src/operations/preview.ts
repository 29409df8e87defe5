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
import { type Wishes, wishesOf } from "./wishes.ts";

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
  const checked = await checkDefinition(definition, component, proposal);
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
  const revision = toRevision(service, await nextRevision(engine, service), content);
  const wishes = wishesOf(revision, component, current);
  const preview = await previewOf(engine, tried(revision, wishes, current), notes, signal);
  const refused = await engine.deps.registry.checkClaims(wishes).then(
    () => [],
    (thrown: unknown) => [{ component: "", why: asProblem(thrown).message }],
  );
  const { plan: planned } = preview;
  return { ...preview, plan: { ...planned, blocked: [...planned.blocked, ...refused] } };
}

async function nextRevision(engine: Engine, service: string): Promise<number> {
  const [newest] = await engine.deps.registry.revisions(service);
  return (newest?.number ?? 0) + 1;
}

/** The service as it would stand in the registry once the revision is proposed. */
function tried(revision: Revision, wishes: Wishes, current: ServiceState | undefined): ServiceState {
  const { service, desired, managed, components } = wishes;
  const kept = (current?.record.components ?? []).filter(
    ({ name }) => !components.some((wished) => wished.name === name),
  );
  const record: ServiceRecord = {
    updatedAtMs: 0,
    instances: [],
    ...current?.record,
    name: service,
    desired,
    managed,
    candidate: { revision: revision.number, state: "trying" },
    components: [...components, ...kept],
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
  const goal = engine.states.previewGoalOf(state);
  const observation = await engine.states.observe(goal, signal);
  const planned = plan(goal, observation, engine.deps.clock.now());
  return { service: state.record.name, plan: planned, notes: [...notes, ...planned.notes] };
}
