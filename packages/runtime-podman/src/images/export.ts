import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Problem } from "@mcp/base";
import type { ImageConfig, ImagePin } from "@mcp/runtime";
import { neverAborted } from "../abortable.ts";
import { removeById } from "../containers/end.ts";
import { listContainers } from "../containers/lookup.ts";
import { expectStatus, refusal } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import { imageId, inspectImage } from "./local-image.ts";

/** On the containers that exports are read from: they are never started, and nobody else's. */
const exportLabel = "mcp.export";
const beginMs = 60_000;
const staleMs = 60 * 60_000;

interface InspectedImage {
  readonly Config: {
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Env?: readonly string[] | null;
    readonly WorkingDir?: string;
    readonly User?: string;
  } | null;
}

/** Podman exports containers, not images, so one is made for the purpose and removed again. */
export async function exportImage(
  api: PodmanApi,
  pin: ImagePin,
  path: string,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const image = await imageId(api, pin, signal);
  const inspected = image === undefined ? undefined : await inspectImage<InspectedImage>(api, image, signal);
  if (image === undefined || !inspected) {
    throw new Problem(
      "image_not_found",
      `the image ${pin.reference} is not on this host at the digest that was pinned`,
      `pull it: podman pull ${pin.reference}`,
    );
  }
  await removeStale(api, signal);
  const container = await createForExport(api, image, signal);
  try {
    await writeTar(api, container, path, signal);
  } finally {
    await removeById(api, container, neverAborted);
  }
  return configOf(inspected);
}

async function createForExport(api: PodmanApi, image: string, signal: AbortSignal): Promise<string> {
  // An image without a command cannot be made a container of; it is never run.
  const body = { image, command: ["export"], labels: { [exportLabel]: "true" }, restart_policy: "no" };
  const call = { what: "prepare an export", method: "POST", path: "/containers/create", body } as const;
  return (expectStatus(await api.call(call, signal), call.what, 201).body as { Id: string }).Id;
}

/** Written beside and renamed: a half written image must not look like a whole one. */
async function writeTar(api: PodmanApi, container: string, path: string, signal: AbortSignal): Promise<void> {
  const beside = `${path}.part`;
  const call = { what: "export an image", method: "GET", path: `/containers/${container}/export` } as const;
  const response = await api.stream({ ...call, timeoutMs: beginMs }, signal);
  try {
    if (response.statusCode !== 200) expectStatus(await refusal(response), call.what, 200);
    await pipeline(response, createWriteStream(beside, { flush: true, mode: 0o600 }), { signal });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new Problem("disk_full", `no space left to write ${path}`, "make room: df -h; podman image prune", {
      cause: error,
    });
  }
}

/** What an agent that was killed in the middle of an export left behind. */
async function removeStale(api: PodmanApi, signal: AbortSignal): Promise<void> {
  for (const { Id, Created } of await listContainers(api, { label: [`${exportLabel}=true`] }, signal)) {
    if (Date.now() - Date.parse(Created) > staleMs) await removeById(api, Id, signal);
  }
}

function configOf({ Config }: InspectedImage): ImageConfig {
  const env = (Config?.Env ?? []).map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return {
    entrypoint: Config?.Entrypoint ?? [],
    cmd: Config?.Cmd ?? [],
    env: Object.fromEntries(env),
    workdir: Config?.WorkingDir || "/",
    user: Config?.User ?? "",
  };
}
