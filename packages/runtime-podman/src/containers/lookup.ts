import { Problem } from "@mcp/base";
import { labelKeys, labelsFromRecord, type WorkloadLabels } from "@mcp/runtime";
import { engineSays, expectStatus, isNoSuchContainer } from "../http/reply.ts";
import type { Reply } from "../http/unix-http.ts";
import type { PodmanApi } from "../podman-api.ts";
import type { InspectedContainer, ListedContainer } from "./shapes.ts";

const listTries = 10;
const inspectTries = 5;

/** @param nameOrId  podman also takes an id's beginning, so a name that is not the found one's is not found. */
export async function inspectContainer(
  api: PodmanApi,
  nameOrId: string,
  signal: AbortSignal,
): Promise<InspectedContainer | undefined> {
  const call = {
    what: `inspect ${nameOrId}`,
    method: "GET",
    path: `/containers/${encodeURIComponent(nameOrId)}/json`,
  } as const;
  let reply = await api.call(call, signal);
  for (let tries = 1; tries < inspectTries && hasJustEnded(reply); tries++)
    reply = await api.call(call, signal);
  if (isNoSuchContainer(reply)) return undefined;
  const found = expectStatus(reply, call.what, 200).body as InspectedContainer;
  return found.Name === nameOrId || found.Id === nameOrId ? found : undefined;
}

/** Podman reads the cgroup of a process that it took for running, and fails if that has ended in between. */
const hasJustEnded = (reply: Reply): boolean =>
  reply.status === 500 && /\/proc\/\d+\/.*no such (process|file)/i.test(engineSays(reply));

export async function listContainers(
  api: PodmanApi,
  filters: Readonly<Record<string, readonly string[]>>,
  signal: AbortSignal,
): Promise<readonly ListedContainer[]> {
  return list(api, { filters: JSON.stringify(filters) }, signal);
}

/**
 * What is left of a container whose making was cut short: it has the name, and is no container yet. Those that other
 * programs keep in podman's store are none.
 */
export async function findUnfinished(
  api: PodmanApi,
  name: string,
  signal: AbortSignal,
): Promise<ListedContainer | undefined> {
  const all = await list(api, { external: true }, signal);
  return all.find(
    ({ Names, State, Command }) => Names[0] === name && State === "storage" && Command?.[0] === "storage",
  );
}

/** Podman fails the whole list when a container goes while it is made: then it is asked again. */
async function list(
  api: PodmanApi,
  query: Readonly<Record<string, string | boolean>>,
  signal: AbortSignal,
): Promise<readonly ListedContainer[]> {
  const call = { what: "list the containers", method: "GET", path: "/containers/json" } as const;
  const ask = () => api.call({ ...call, query: { all: true, ...query } }, signal);
  let reply = await ask();
  for (let tries = 1; tries < listTries && isNoSuchContainer(reply); tries++) reply = await ask();
  const broken = brokenIn(reply);
  if (broken !== undefined) throw keepsOthersFromBeingListed(broken, reply);
  return (expectStatus(reply, call.what, 200).body ?? []) as readonly ListedContainer[];
}

/** Podman fails the whole list also for one container that it cannot read, for ever, and names it in what it says. */
const brokenIn = (reply: Reply): string | undefined =>
  reply.status === 200 ? undefined : /\b[0-9a-f]{64}\b/.exec(engineSays(reply))?.[0].slice(0, 12);

const keepsOthersFromBeingListed = (id: string, reply: Reply): Problem =>
  new Problem(
    "runtime_failed",
    `podman could not list any container, for one that it cannot read: ${engineSays(reply)}`,
    `mend what it names, or remove that one: podman rm --force ${id}; what should run is made anew by itself`,
  );

export function ourLabels(container: InspectedContainer): WorkloadLabels | undefined {
  return labelsFromRecord(container.Config.Labels ?? {});
}

/** Whether a container that was found by an instance's name is that instance, and not one that has taken its name. */
export function isInstance(found: InspectedContainer, name: string): boolean {
  return ourLabels(found)?.instance === name;
}

/**
 * Call before saying that an instance is not there: what somebody has renamed is known by its label alone, and podman
 * does not find it by its name.
 * @throws Problem `spec_conflict` if it is there under another name.
 */
export async function demandNotRenamed(api: PodmanApi, name: string, signal: AbortSignal): Promise<void> {
  const labelled = await listContainers(api, { label: [`${labelKeys.instance}=${name}`] }, signal);
  const renamed = labelled.find(({ Names, Labels }) => Names[0] !== name && labelsFromRecord(Labels ?? {}));
  if (!renamed) return;
  const now = renamed.Names[0] ?? renamed.Id;
  throw new Problem(
    "spec_conflict",
    `somebody has renamed the container ${name} to ${now}, so it is left alone`,
    `give it its name back: podman rename ${now} ${name}; or remove it: podman rm --force ${now}`,
  );
}

export function foreign(name: string): Problem {
  return new Problem(
    "spec_conflict",
    `another container has taken the name ${name}; it is left alone`,
    `see what it is: podman inspect ${name}; then rename it: podman rename ${name} another-name`,
  );
}

export function notThere(name: string): Problem {
  return new Problem("workload_not_found", `there is no container ${name}`, "see what there is: mcp ps");
}
