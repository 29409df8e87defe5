import { isProblem, Problem, printDuration } from "@mcp/base";
import { type Handle, type ImagePin, labelKeys, type WorkloadSpec } from "@mcp/runtime";
import { neverAborted } from "../abortable.ts";
import { isNoSuchContainer } from "../http/reply.ts";
import type { Reply } from "../http/unix-http.ts";
import { imageId, imageName } from "../images/local-image.ts";
import type { PodmanApi } from "../podman-api.ts";
import type { Aftermath } from "./aftermath.ts";
import { createRequest, type HostSettings, isNamedNetwork } from "./create-request.ts";
import { endById, removeById } from "./end.ts";
import { handleOf } from "./handle.ts";
import { findUnfinished, foreign, inspectContainer, ourLabels } from "./lookup.ts";
import { hasEnded, isLost } from "./lost.ts";
import type { Networks } from "./networks.ts";
import { type RequestDeps, requestStart, settledMs, startMs } from "./request-start.ts";
import type { InspectedContainer } from "./shapes.ts";
import {
  saysNameInUse,
  saysNoSuchImage,
  saysNoSuchNetwork,
  saysPortInUse,
  startProblem,
} from "./start-problem.ts";
import { neverRan } from "./to-workload.ts";

export interface StartDeps extends RequestDeps {
  readonly networks: Networks;
  readonly aftermath: Aftermath;
}

const pauseMs = 100;
/** By then nobody is stopping any more what is still shown as stopping, or it has had its time. */
const stoppedMs = 20_000;
const lastGraceMs = 10_000;

/**
 * Create and start: two round trips when all is well; or, where there seems to be one, look and start, since to be told that
 * the name is taken takes podman longer. Whatever was assumed (an image under that name, a network, a free name) is seen to
 * only when podman says that it is not so.
 *
 * Podman may be killed at any point of it, and leaves a name without a container, a container that it shows as created
 * though its process is there already, or one that is for ever being removed. One that lost its supervisor runs or is
 * being stopped for ever. None of these can be started, so what stays half made is removed, and made again. What podman
 * was killed in the middle of stopping runs on, shown as stopping for ever: it is stopped anew.
 *
 * @param isThere  whether one of that name was listed last.
 */
export async function startContainer(
  deps: StartDeps,
  spec: WorkloadSpec,
  settings: HostSettings,
  isThere: boolean,
  signal: AbortSignal,
): Promise<Handle> {
  const { api, clock } = deps;
  const begin = clock.monotonic();
  let hasCleared = false;
  let seen = isThere ? await inspectContainer(api, spec.name, signal) : undefined;
  while (clock.monotonic() - begin < startMs) {
    const { id } = seen ? {} : await create(deps, spec, settings, signal);
    if (id !== undefined) {
      await startNew(deps, spec, id, signal);
      return handleOf(spec.name, id);
    }
    const found: InspectedContainer | undefined = seen ?? (await inspectContainer(api, spec.name, signal));
    seen = undefined;
    const state = found ? await startFound(deps, spec, found, signal) : "going";
    if (found && state === "runs") return handleOf(spec.name, found.Id);
    if (state === "again") continue;
    const isStuck =
      state === "half made" || (found?.State.Status !== "stopping" && clock.monotonic() - begin > settledMs);
    if (isStuck && !hasCleared) {
      const left = found ?? (await findUnfinished(api, spec.name, signal));
      if (left) await removeById(api, left.Id, signal);
      hasCleared = true;
    } else if (found && isLeftStopping(found) && clock.monotonic() - begin > stoppedMs) {
      await endById(api, found.Id, signal, lastGraceMs);
    } else {
      await clock.sleep(pauseMs, signal);
    }
  }
  throw new Problem(
    "runtime_timeout",
    `the old container ${spec.name} did not go away within ${printDuration(startMs)}`,
    `see what holds it: podman inspect ${spec.name}`,
  );
}

/** The new container's id, or none if the name is taken. */
async function create(
  { api, networks }: StartDeps,
  spec: WorkloadSpec,
  settings: HostSettings,
  signal: AbortSignal,
): Promise<{ readonly id?: string }> {
  const attempt = (image: string): Promise<Reply> => {
    const body = createRequest(spec, image, settings);
    const call = { what: `create ${spec.name}`, method: "POST", path: "/containers/create", body } as const;
    return api.call({ ...call, timeoutMs: startMs }, signal);
  };
  let image = imageName(spec.image);
  let reply = await attempt(image);
  if (saysNoSuchImage(reply)) {
    image = await imageIdOf(api, spec.image, signal);
    reply = await attempt(image);
  }
  if (saysNoSuchNetwork(reply) && isNamedNetwork(spec.network)) {
    await networks.make(spec.network, signal);
    reply = await attempt(image);
  }
  if (reply.status === 201) return { id: (reply.body as { Id: string }).Id };
  if (saysNameInUse(reply)) return {};
  if (saysNoSuchImage(reply)) throw imageMissing(spec.image);
  throw startProblem(spec, reply);
}

async function imageIdOf(api: PodmanApi, pin: ImagePin, signal: AbortSignal): Promise<string> {
  const id = await imageId(api, pin, signal);
  if (id === undefined) throw imageMissing(pin);
  return id;
}

async function startNew(deps: StartDeps, spec: WorkloadSpec, id: string, signal: AbortSignal): Promise<void> {
  const reply = await requestStart(deps, spec, id, false, signal).catch(async (error: unknown) => {
    if (isRefusal(error)) await removeById(deps.api, id, neverAborted);
    throw error;
  });
  if (reply.status === 204 || reply.status === 304) return;
  deps.heldPorts.add(spec);
  // Also when the caller has given up: what is half made would be in the way of the next start.
  await removeById(deps.api, id, neverAborted);
  throw startProblem(spec, reply);
}

/**
 * Something has the name; start it, if it is ours and as wanted. What is going needs a moment, what is half made cannot
 * be started.
 * @throws Problem `spec_conflict`, `start_failed`, `port_taken`.
 */
async function startFound(
  deps: StartDeps,
  spec: WorkloadSpec,
  found: InspectedContainer,
  signal: AbortSignal,
): Promise<"runs" | "going" | "again" | "half made"> {
  const labels = ourLabels(found);
  if (labels?.instance !== spec.labels.instance) throw foreign(spec.name);
  if (labels.specHash !== spec.labels.specHash) throw otherSpec(spec.name);
  if (await isLost(deps.api, deps.clock, found, signal)) return "half made";
  if (found.State.Status === "stopping" || found.State.Status === "removing") return "going";
  // Also what is only created: it may be another call's, on its way.
  const { Status, Pid, ConmonPid } = found.State;
  const isUp = Status === "running" || Status === "paused";
  if (Status === "stopped" || Status === "exited") await deps.aftermath.settleFor(spec, found.Id, signal);
  const reply = await requestStart(deps, spec, found.Id, isUp, signal).catch(async (error: unknown) => {
    // It is kept if it has run: it may hold what it wrote then.
    const end = neverRan(found) ? removeById : endById;
    if (isRefusal(error)) await end(deps.api, found.Id, neverAborted);
    throw error;
  });
  if (reply.status === 204 || reply.status === 304) return "runs";
  if (isNoSuchContainer(reply)) return "going";
  if (Status === "initialized" || neverRan(found)) return "half made";
  deps.heldPorts.add(spec);
  if (Status === "stopped") {
    // What was in the way may have been what the clean-up takes away, a port that an old supervisor held say.
    await deps.aftermath.settle(found.Id, signal);
    const now = await inspectContainer(deps.api, found.Id, signal);
    if (now?.State.Status !== "stopped") return "again";
    // Podman never got to clean up after it. A port that is taken says nothing of that.
    if (!saysPortInUse(reply) && hasEnded(Pid) && hasEnded(ConmonPid ?? 0)) return "half made";
  }
  // It is kept as well.
  throw startProblem(spec, reply);
}

const isLeftStopping = ({ State: { Status, Pid } }: InspectedContainer): boolean =>
  Status === "stopping" && !hasEnded(Pid);

/** Whether podman has made it ready, and it is not to be started. */
const isRefusal = (error: unknown): boolean =>
  isProblem(error) && (error.code === "volume_not_allowed" || error.code === "runtime_unsupported");

function otherSpec(name: string): Problem {
  return new Problem(
    "spec_conflict",
    `the container ${name} runs another specification (its label ${labelKeys.specHash} differs)`,
    "deploy the service again, which gives the new one a name of its own",
  );
}

function imageMissing({ reference }: ImagePin): Problem {
  return new Problem(
    "image_not_found",
    `the image ${reference} is not on this host at the digest that was pinned`,
    `deploy again, or pull it: podman pull ${reference}`,
  );
}
