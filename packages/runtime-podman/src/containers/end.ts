import type { Clock } from "@mcp/base";
import { engineSays, expectStatus, isNoSuchContainer } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import { inspectContainer, isInstance } from "./lookup.ts";
import { hasEnded, isLost } from "./lost.ts";
import type { InspectedContainer } from "./shapes.ts";

const slackMs = 15_000;
const removeMs = 30_000;

/**
 * False if there is none. By id from then on, so that nothing else can be meant. What podman would show as stopping for
 * ever, since it lost its supervisor, is removed: nothing else can be done with it.
 */
export async function stopContainer(
  api: PodmanApi,
  clock: Clock,
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
  const after = await inspectContainer(api, found.Id, signal);
  if (after && (await isLost(api, clock, after, signal))) return removeById(api, found.Id, signal);
  // It ended by itself in the meantime.
  if (/can only (stop|kill)|is not running|container state improper/i.test(engineSays(reply))) {
    const now = await inspectContainer(api, name, signal);
    if (!now || now.State.Status === "exited" || now.State.Status === "stopped") return now !== undefined;
  }
  expectStatus(reply, call.what, 204, 304);
  return true;
}

/** Kills it, unless it ends within its grace; it is kept. Also what is ready and was not started. */
export async function endById(api: PodmanApi, id: string, signal: AbortSignal, graceMs = 0): Promise<void> {
  const query = { timeout: Math.ceil(graceMs / 1_000) };
  const call = { what: `stop ${id}`, method: "POST", path: `/containers/${id}/stop` } as const;
  const reply = await api.call({ ...call, query, timeoutMs: graceMs + slackMs }, signal);
  if (!isNoSuchContainer(reply)) expectStatus(reply, call.what, 204, 304);
}

/**
 * False if there is none. Podman (4.3) that was killed in the middle of a stop or a removal shows it as stopping, though
 * nobody stops it. Asked to remove it then, also by force, it takes that for ended: it would forget it, and the process
 * and its supervisor would go on, found by nobody. So it is ended first.
 */
export async function removeContainer(api: PodmanApi, name: string, signal: AbortSignal): Promise<boolean> {
  const found = await ours(api, name, signal);
  if (!found) return false;
  const { Status, Pid } = found.State;
  if (Status === "stopping" && !hasEnded(Pid)) await endById(api, found.Id, signal);
  return removeById(api, found.Id, signal);
}

/** Kills it if it runs; with its anonymous volumes. False if there is none. */
export async function removeById(api: PodmanApi, id: string, signal: AbortSignal): Promise<boolean> {
  // Which of the two names of one thing is read depends on podman's version.
  const query = { force: true, v: true, volumes: true, timeout: 0 };
  const call = { what: `remove ${id}`, method: "DELETE", path: `/containers/${id}`, query } as const;
  const attempt = () => api.call({ ...call, timeoutMs: removeMs }, signal);
  let reply = await attempt();
  // It ended without podman's knowing, which kills it first, finds out so, and knows the next time.
  if (/could not be stopped.*container state improper/i.test(engineSays(reply))) reply = await attempt();
  if (isNoSuchContainer(reply)) return false;
  expectStatus(reply, call.what, 200, 204);
  return true;
}

/** A stranger that has taken its name is none: ours is gone. */
async function ours(
  api: PodmanApi,
  name: string,
  signal: AbortSignal,
): Promise<InspectedContainer | undefined> {
  const found = await inspectContainer(api, name, signal);
  return found && isInstance(found, name) ? found : undefined;
}
