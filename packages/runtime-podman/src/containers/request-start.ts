import type { Clock } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";
import type { Reply } from "../http/unix-http.ts";
import type { PodmanApi } from "../podman-api.ts";
import { checkVolumes, volumesUnseen } from "./check-volumes.ts";
import type { HeldPorts } from "./held-ports.ts";
import { inspectContainer } from "./lookup.ts";
import { saysIdInUse, saysPortInUse } from "./start-problem.ts";

export const startMs = 60_000;
/** What another call is doing is done by then. */
export const settledMs = 1_000;
const looks = 3;

export interface RequestDeps {
  readonly api: PodmanApi;
  readonly clock: Clock;
  readonly heldPorts: HeldPorts;
}

/**
 * What podman says to a start. A container with volumes is made ready first, so that its mounts can be looked at before
 * any line of its program runs: two calls more, which share the work of the one.
 *
 * @param isUp  it runs already: nothing is mounted anew.
 * @throws Problem `volume_not_allowed`, `runtime_unsupported` if it is ready, and was not started since its volumes are
 *   not what the spec says, or cannot be looked at.
 */
export async function requestStart(
  { api, clock, heldPorts }: RequestDeps,
  spec: WorkloadSpec,
  id: string,
  isUp: boolean,
  signal: AbortSignal,
): Promise<Reply> {
  const attempt = () =>
    isUp || spec.volumes.length === 0
      ? ask(api, spec, id, "start", signal)
      : startWithVolumes(api, spec, id, signal);
  let reply = await attempt();
  if (saysIdInUse(reply)) {
    await clock.sleep(settledMs, signal);
    reply = await attempt();
  }
  return saysPortInUse(reply) ? heldPorts.retry(spec, reply, attempt, signal) : reply;
}

async function startWithVolumes(
  api: PodmanApi,
  spec: WorkloadSpec,
  id: string,
  signal: AbortSignal,
): Promise<Reply> {
  for (let look = 0; look < looks; look++) {
    const ready = await ask(api, spec, id, "init", signal);
    if (ready.status !== 204 && ready.status !== 304) return ready;
    const found = await inspectContainer(api, id, signal);
    const status = found?.State.Status ?? "gone";
    // Another call was quicker.
    if (["gone", "running", "paused"].includes(status)) return ask(api, spec, id, "start", signal);
    if (status !== "initialized") continue;
    const verdict = await checkVolumes(spec, { id, pid: found?.State.Pid ?? 0 });
    if (verdict === undefined) return ask(api, spec, id, "start", signal);
    if (verdict !== "unseen") throw verdict;
  }
  throw volumesUnseen(spec.name);
}

/** `init` does all of a start but its last step, to begin the program. */
function ask(
  api: PodmanApi,
  { name }: WorkloadSpec,
  id: string,
  what: "init" | "start",
  signal: AbortSignal,
): Promise<Reply> {
  const call = { what: `${what} ${name}`, method: "POST", path: `/containers/${id}/${what}` } as const;
  return api.call({ ...call, timeoutMs: startMs }, signal);
}
