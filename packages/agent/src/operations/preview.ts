import { asProblem, isProblem } from "@mcp/base";
import { type Observation, type Plan, plan, type ServiceGoal } from "@mcp/planner";
import type { GivenAddress } from "@mcp/registry";
import type { Engine } from "../engine/engine.ts";
import type { ServiceState } from "../engine/service-state.ts";
import type { RevisionContent } from "../revision/content.ts";
import { toRevision } from "../revision/revision.ts";
import { currentState, isCurrent, wantedContent } from "./intents.ts";
import { findAnswered, networkNotes, refuseToLeaveBridge } from "./network.ts";
import { checkDefinition, pinImages } from "./proposal.ts";
import { proposed, withDesired } from "./prospect.ts";
import type { DefinitionText } from "./request.ts";
import { contentToReturnTo, revisionToReturnTo } from "./return-to.ts";
import { findTakenPorts } from "./taken-ports.ts";
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
    network: deps.network,
    signal,
    resolve: (reference: string) => deps.images.resolve(reference, signal),
  };
  const checked = await checkDefinition(definition, component, proposal);
  const pinned = await pinImages(checked, proposal);
  const current = await currentState(checked.service, { states });
  const content = wantedContent(pinned.content, current, component);
  const notes = [...checked.notes, ...pinned.notes];
  if (current && isCurrent(content, current)) {
    const state = withDesired(current, checked.isActive ? "running" : "stopped", component);
    const revision = current.revisions.get(current.record.currentRevision ?? -1);
    const wishes = revision && wishesOf(revision, component, state);
    return previewClaims(engine, () => ({ state, notes }), wishes, signal);
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
  const record = await revisionToReturnTo(current, revision, engine.deps.registry);
  const { runtimes, deps } = engine;
  const content = await contentToReturnTo(record, { runtimes, network: deps.network, signal });
  const notes = [`back to revision ${record.number}`];
  return previewContent(engine, service, content, undefined, current, notes, signal);
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
  const { network, registry } = engine.deps;
  await refuseToLeaveBridge(revision, current, { network, signal });
  const answered = await findAnswered(service, revision.components, registry, { network, signal });
  const wishes = { ...wishesOf(revision, component, current), answered };
  const outcome = (given: readonly GivenAddress[]): Outcome => ({
    state: proposed(revision, wishes, current, given),
    notes: [...notes, ...networkNotes(revision, current, given)],
  });
  return previewClaims(engine, outcome, wishes, signal);
}

interface Outcome {
  readonly state: ServiceState;
  readonly notes: readonly string[];
}

/** With why the registry would refuse it. @param outcome  with these addresses. */
async function previewClaims(
  engine: Engine,
  outcome: (given: readonly GivenAddress[]) => Outcome,
  wishes: Wishes | undefined,
  signal: AbortSignal,
): Promise<Preview> {
  const given = wishes ? await engine.deps.registry.checkClaims(wishes).catch(asProblem) : [];
  const { state, notes } = outcome(isProblem(given) ? [] : given);
  // A port that belongs to another service is held by that one.
  if (!isProblem(given)) return previewOf(engine, state, notes, signal);
  const { preview } = await planFor(engine, state, notes, signal);
  return withBlocked(preview, [{ component: "", why: given.message }]);
}

async function nextRevision(engine: Engine, service: string): Promise<number> {
  const [newest] = await engine.deps.registry.revisions(service);
  return (newest?.number ?? 0) + 1;
}

async function previewOf(
  engine: Engine,
  state: ServiceState,
  notes: readonly string[],
  signal: AbortSignal,
): Promise<Preview> {
  const { preview, goal, observation } = await planFor(engine, state, notes, signal);
  const taken = await findTakenPorts(goal, async () => observation, { ...engine.deps, signal });
  return withBlocked(
    preview,
    taken.map(({ problem }) => ({ component: "", why: problem.message })),
  );
}

async function planFor(
  engine: Engine,
  state: ServiceState,
  notes: readonly string[],
  signal: AbortSignal,
): Promise<{ preview: Preview; goal: ServiceGoal; observation: Observation }> {
  const goal = engine.states.previewGoalOf(state);
  const observation = await engine.states.observe(goal, signal);
  const planned = plan(goal, observation, engine.deps.clock.now());
  const preview = { service: state.record.name, plan: planned, notes: [...notes, ...planned.notes] };
  return { preview, goal, observation };
}

const withBlocked = (preview: Preview, more: Plan["blocked"]): Preview => ({
  ...preview,
  plan: { ...preview.plan, blocked: [...preview.plan.blocked, ...more] },
});
