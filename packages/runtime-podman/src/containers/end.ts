import { engineSays, expectStatus, isNoSuchContainer } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import { foreign, inspectContainer, ourLabels } from "./lookup.ts";
import type { InspectedContainer } from "./shapes.ts";

const slackMs = 15_000;
const removeMs = 30_000;

/** False if there is none. By id from then on, so that nothing else can be meant. */
export async function stopContainer(
  api: PodmanApi,
  name: string,
  graceMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await ours(api, name, signal);
  if (!found) return false;
  if (found.State.Status === "exited" || found.State.Status === "created") return true;
  const query = { timeout: Math.ceil(graceMs / 1_000) };
  const call = { what: `stop ${name}`, method: "POST", path: `/containers/${found.Id}/stop`, query } as const;
  const reply = await api.call({ ...call, timeoutMs: graceMs + slackMs }, signal);
  if (isNoSuchContainer(reply)) return false;
  // It ended by itself in the meantime.
  if (/can only (stop|kill)|is not running|container state improper/i.test(engineSays(reply))) {
    const now = await inspectContainer(api, name, signal);
    if (!now || now.State.Status === "exited" || now.State.Status === "stopped") return now !== undefined;
  }
  expectStatus(reply, call.what, 204, 304);
  return true;
}

/** False if there is none. */
export async function removeContainer(api: PodmanApi, name: string, signal: AbortSignal): Promise<boolean> {
  const found = await ours(api, name, signal);
  return found !== undefined && removeById(api, found.Id, signal);
}

/** Kills it if it runs; with its anonymous volumes. False if there is none. */
export async function removeById(api: PodmanApi, id: string, signal: AbortSignal): Promise<boolean> {
  // Which of the two names of one thing is read depends on podman's version.
  const query = { force: true, v: true, volumes: true, timeout: 0 };
  const call = { what: `remove ${id}`, method: "DELETE", path: `/containers/${id}`, query } as const;
  const reply = await api.call({ ...call, timeoutMs: removeMs }, signal);
  if (isNoSuchContainer(reply)) return false;
  expectStatus(reply, call.what, 200, 204);
  return true;
}

/** @throws Problem `spec_conflict` for a stranger. */
async function ours(
  api: PodmanApi,
  name: string,
  signal: AbortSignal,
): Promise<InspectedContainer | undefined> {
  const found = await inspectContainer(api, name, signal);
  if (found && !ourLabels(found)) throw foreign(name);
  return found;
}
