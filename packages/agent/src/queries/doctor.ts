import type { Agent } from "../agent.ts";
import type { ChannelStatus } from "../alerts/index.ts";
import type { DoctorCheck } from "../deps.ts";
import { nodeStatus, runtimeStatus } from "./node-status.ts";
import { status } from "./status.ts";

const fullShare = 0.9;

/** What is wrong with this machine, and what to type. */
export async function doctor(agent: Agent): Promise<DoctorCheck[]> {
  const { deps, engine } = agent;
  // Side by side: a runtime that does not answer is waited for once.
  const [node, drift, ...others] = await Promise.all([
    nodeStatus(agent),
    driftCheck(engine),
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
    const mendable = cannot.filter(({ byNature }) => !byNature);
    if (mendable.length === 0) return { name, outcome: "ok", text: `${version}, store ${store}`, hint: "" };
    const lacks = mendable.map(({ capability, why: because }) => `no ${capability} (${because})`).join("; ");
    return { name, outcome: "warning", text: `${version}, but ${lacks}`, hint: "see: mcp node status" };
  });
  const disks = node.disks.map(({ use, path, totalBytes, availableBytes }): DoctorCheck => {
    const share = totalBytes === 0 ? 0 : 1 - availableBytes / totalBytes;
    const text = `the disk of ${path} is ${Math.round(share * 100)} % full`;
    return share < fullShare
      ? { name: `disk: ${use}`, outcome: "ok", text, hint: "" }
      : {
          name: `disk: ${use}`,
          outcome: "warning",
          text,
          hint: `free some space: du -xh ${path} | sort -h | tail`,
        };
  });
  const writable = await deps.registry.checkWritable().then(
    (): DoctorCheck => ({ name: "database", outcome: "ok", text: "it can be written", hint: "" }),
    (thrown: { message: string; hint?: string }): DoctorCheck => ({
      name: "database",
      outcome: "failed",
      text: thrown.message,
      hint: thrown.hint ?? "",
    }),
  );
  return [
    ...runtimes,
    ...others.flat(),
    writable,
    ...disks,
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

async function driftCheck(engine: Agent["engine"]): Promise<DoctorCheck> {
  const { services, unmanaged } = await status(engine, undefined, engine.signal);
  const drifted = services.filter(({ components }) => components.some(({ drift }) => drift.length > 0));
  const names = [
    ...drifted.map(({ state }) => state.record.name),
    ...unmanaged.map(({ name }) => `${name} (unmanaged)`),
  ];
  return names.length === 0
    ? { name: "services", outcome: "ok", text: `${services.length}, all as they should be`, hint: "" }
    : { name: "services", outcome: "warning", text: `drift in ${names.join(", ")}`, hint: "see: mcp status" };
}
