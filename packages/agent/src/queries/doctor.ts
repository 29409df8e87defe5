import { asProblem, type Problem } from "@mcp/base";
import { nodeConditions, nodeLimitDefaults } from "@mcp/planner";
import type { Agent } from "../agent.ts";
import type { ChannelStatus } from "../alerts/index.ts";
import type { DoctorCheck } from "../deps.ts";
import { machineChecks } from "../node/node-watch.ts";
import { runtimeStatus } from "./node-status.ts";
import { status } from "./status.ts";

/** What is wrong with this machine, and what to type. */
export async function doctor(agent: Agent): Promise<DoctorCheck[]> {
  const { deps, engine } = agent;
  // Side by side: a runtime that does not answer is waited for once.
  const [facts, drift, unlisted, ...others] = await Promise.all([
    agent.node.facts(),
    driftCheck(engine),
    refreshAll(engine).then(() => unlistable(engine)),
    ...(deps.checks ?? []).map((check) => check(engine.signal).catch((): DoctorCheck[] => [])),
  ]);
  // Those that this build lacks are no fault of the machine's: `node status` shows them.
  const wanted = await wantedKinds(engine);
  const all = engine.runtimes.all.map(runtimeStatus);
  const runtimes = all.map(({ kinds, ok, version, store, cannot, why, hint }): DoctorCheck => {
    const name = kinds.join(", ");
    // A node need not run every kind, but one at least.
    const isMissed = kinds.some((kind) => wanted.has(kind)) || !all.some((other) => other.ok);
    if (!ok) return { name, outcome: isMissed ? "failed" : "warning", text: why, hint };
    const unseen = unlisted.get(kinds);
    if (unseen) return { name, outcome: "failed", text: unseen.message, hint: unseen.hint };
    const mendable = cannot.filter(({ byNature }) => !byNature);
    if (mendable.length === 0) return { name, outcome: "ok", text: `${version}, store ${store}`, hint: "" };
    const lacks = mendable.map(({ capability, why: because }) => `no ${capability} (${because})`).join("; ");
    return { name, outcome: "warning", text: `${version}, but ${lacks}`, hint: "see: mcp node status" };
  });
  return [
    ...runtimes,
    ...others.flat(),
    ...machineChecks(facts, nodeConditions(facts, engine.conditions.all(), deps.limits ?? nodeLimitDefaults)),
    ...agent.alerter.channels.map(alertCheck),
    drift,
  ];
}

function alertCheck({ name: channel, toldAtMs, problem, lost, waiting }: ChannelStatus): DoctorCheck {
  const name = `alerts: ${channel}`;
  const last = toldAtMs === undefined ? "" : `, the last one at ${new Date(toldAtMs).toISOString()}`;
  if (!problem) return { name, outcome: "ok", text: `alerts are told${last}`, hint: "" };
  const counts = [...(lost > 0 ? [`${lost} given up`] : []), ...(waiting > 0 ? [`${waiting} waiting`] : [])];
  const text = [problem.message, ...counts].join("; ");
  return { name, outcome: "failed", text, hint: problem.hint };
}

async function refreshAll({ runtimes, signal }: Agent["engine"]): Promise<void> {
  await Promise.all(runtimes.all.map((known) => runtimes.refresh(known, signal)));
}

/** By kinds: those that answer, and cannot say what they run all the same, as podman with one container that it cannot read. */
async function unlistable({ runtimes }: Agent["engine"]): Promise<ReadonlyMap<readonly string[], Problem>> {
  const asked = runtimes.all.map(async (known) =>
    known.probe?.ok && !known.trouble
      ? known.list().then(
          () => [],
          (thrown: unknown) => [[known.runtime.kinds, asProblem(thrown)] as const],
        )
      : [],
  );
  return new Map((await Promise.all(asked)).flat());
}

/** Of which something is, or is wanted. */
async function wantedKinds({ states }: Agent["engine"]): Promise<ReadonlySet<string>> {
  const all = await states.loadAll();
  return new Set([
    ...all.flatMap(({ record }) => record.instances.map(({ kind }) => kind)),
    ...all
      .flatMap(({ revisions }) => [...revisions.values()])
      .flatMap(({ components }) => components.map(({ runtime }) => runtime)),
  ]);
}

/** Each component that drifts with how, and what runs though nobody here asked for it. */
async function driftCheck(engine: Agent["engine"]): Promise<DoctorCheck> {
  const { services, unmanaged, strangers } = await status(engine, undefined, engine.signal);
  const drifted = [
    ...services.flatMap(({ state, components }) =>
      components.flatMap(({ name, drift: [first] }) =>
        first ? [`${state.record.name}/${name} (${words(first.kind)})`] : [],
      ),
    ),
    ...unmanaged.map(({ name }) => `${name} (unmanaged)`),
  ];
  const beside = strangers.count === 0 ? "" : `; beside them, not ours: ${strangers.count}`;
  const name = "services";
  return drifted.length === 0
    ? { name, outcome: "ok", text: `${services.length}, all as they should be${beside}`, hint: "" }
    : {
        name,
        outcome: "warning",
        text: `drift in ${drifted.join(", ")}${beside}`,
        hint: "see: mcp status",
      };
}

const words = (kind: string): string => kind.replaceAll("_", " ");
