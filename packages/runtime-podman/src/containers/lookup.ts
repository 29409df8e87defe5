import { Problem } from "@mcp/base";
import { labelsFromRecord, type WorkloadLabels } from "@mcp/runtime";
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
  return (expectStatus(reply, call.what, 200).body ?? []) as readonly ListedContainer[];
}

export function ourLabels(container: InspectedContainer): WorkloadLabels | undefined {
  return labelsFromRecord(container.Config.Labels ?? {});
}

export function foreign(name: string): Problem {
  return new Problem(
    "spec_conflict",
    `the container ${name} was not made by mcp, and is left alone`,
    `see what it is: podman inspect ${name}`,
  );
}

export function notThere(name: string): Problem {
  return new Problem("workload_not_found", `there is no container ${name}`, "see what there is: mcp ps");
}
