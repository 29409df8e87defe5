import type { ImagePin } from "@mcp/runtime";
import { expectStatus, isNotFound } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import { isBareId, repositoryOf } from "./reference.ts";

export interface LocalImage {
  readonly Id: string;
  /** Of the manifest that was pulled for this host's platform, or built here. */
  readonly Digest: string;
  /** `repository@digest`, also of the index that the manifest was found in. */
  readonly RepoDigests: readonly string[] | null;
}

/** How podman finds the image by its digest, whatever its tags point at by now. */
export function imageName({ reference, digest }: ImagePin): string {
  return isBareId(reference) ? reference : `${repositoryOf(reference)}@${digest}`;
}

/** By a look at every image: for the rare case that podman does not find it by its name and digest. */
export async function imageId(
  api: PodmanApi,
  { digest }: ImagePin,
  signal: AbortSignal,
): Promise<string | undefined> {
  const call = { what: "list the images", method: "GET", path: "/images/json" } as const;
  const images = (expectStatus(await api.call(call, signal), call.what, 200).body ??
    []) as readonly LocalImage[];
  return images.find((image) => hasDigest(image, digest))?.Id;
}

export async function inspectImage<T extends object = LocalImage>(
  api: PodmanApi,
  name: string,
  signal: AbortSignal,
): Promise<T | undefined> {
  const path = `/images/${encodeURIComponent(name)}/json`;
  const call = { what: `inspect the image ${name}`, method: "GET", path } as const;
  const reply = await api.call(call, signal);
  return isNotFound(reply) ? undefined : (expectStatus(reply, call.what, 200).body as T);
}

export function hasDigest({ Digest, RepoDigests }: LocalImage, digest: string): boolean {
  return Digest === digest || (RepoDigests ?? []).some((name) => name.endsWith(`@${digest}`));
}
