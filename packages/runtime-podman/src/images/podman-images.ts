import { Problem } from "@mcp/base";
import type { ImageConfig, ImagePin, ImageSource } from "@mcp/runtime";
import { imageLabel, imageLabelOf } from "../containers/image-label.ts";
import { listContainers } from "../containers/lookup.ts";
import { expectStatus, isNotFound } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import type { RegistryClient } from "../registry/registry-client.ts";
import { exportImage } from "./export.ts";
import { imageId, imageName, inspectImage, type LocalImage } from "./local-image.ts";
import { type PullDeps, pullImage } from "./pull.ts";
import { isLocalOnly, parseReference, repositoryOf } from "./reference.ts";

/** Images in podman's store, and the registries that they come from. */
export class PodmanImages implements ImageSource {
  readonly #deps: PullDeps;
  readonly #api: PodmanApi;
  readonly #registry: RegistryClient;

  constructor(deps: PullDeps) {
    this.#deps = deps;
    this.#api = deps.api;
    this.#registry = deps.registry;
  }

  resolve(reference: string, signal: AbortSignal): Promise<ImagePin> {
    return this.#api.withRecovery(signal, async () => {
      const { registry, digest } = parseReference(reference);
      if (digest !== undefined) return { reference, digest };
      if (isLocalOnly(reference)) return this.#onlyHere(reference, signal);
      const answer = await this.#registry.digestOf(reference, signal);
      if ("digest" in answer) return { reference, digest: answer.digest };
      if ("missing" in answer) {
        throw new Problem(
          "image_not_found",
          `the registry ${registry} has no image ${reference}`,
          `push it first, or correct its name: podman push ${reference}`,
        );
      }
      const here = await this.#digestHere(reference, signal);
      const why = `the registry ${registry} cannot be reached: ${answer.unreachable}`;
      if (here !== undefined)
        return { reference, digest: here, note: `${why}; using the image on this host` };
      throw new Problem(
        "registry_unreachable",
        `${why}; and this host has no image ${reference}`,
        `see whether it answers: curl -v https://${registry}/v2/`,
      );
    });
  }

  exists(pin: ImagePin, signal: AbortSignal): Promise<boolean> {
    return this.#api.withRecovery(signal, () => isHere(this.#api, pin, signal));
  }

  pull(pin: ImagePin, onProgress: (line: string) => void, signal: AbortSignal): Promise<void> {
    return this.#api.withRecovery(signal, async () => {
      if (await isHere(this.#api, pin, signal)) return;
      await pullImage(this.#deps, pin, onProgress, signal);
    });
  }

  export(pin: ImagePin, path: string, signal: AbortSignal): Promise<ImageConfig> {
    return this.#api.withRecovery(signal, () => exportImage(this.#api, pin, path, signal));
  }

  async #onlyHere(reference: string, signal: AbortSignal): Promise<ImagePin> {
    const digest = await this.#digestHere(reference, signal);
    if (digest !== undefined) return { reference, digest };
    const { registry } = parseReference(reference);
    throw new Problem(
      "image_not_found",
      `there is no image ${reference} on this host, and its name has no registry to ask`,
      registry === "localhost"
        ? `build it: podman build --tag ${reference} .`
        : `name the registry that has it: registry.example/${reference}`,
    );
  }

  async #digestHere(reference: string, signal: AbortSignal): Promise<string | undefined> {
    const image = await inspectImage(this.#api, reference, signal);
    if (!image) return undefined;
    const digests = digestsOf(image, repositoryOf(reference));
    return digests.length > 1
      ? ((await this.#digestInUse(reference, digests, signal)) ?? digests[0])
      : digests[0];
  }

  /**
   * One image may have several digests: of an index, of a manifest in it, and of what was built here with the same
   * content. Which of them a tag stood for podman does not keep; a container made from it has it on its label. Another
   * choice would make that container look outdated.
   */
  async #digestInUse(
    reference: string,
    digests: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const containers = await listContainers(this.#api, { label: [imageLabel] }, signal);
    const newestFirst = [...containers].sort((a, b) => Date.parse(b.Created) - Date.parse(a.Created));
    const inUse = new Set(newestFirst.map(({ Labels }) => Labels?.[imageLabel]));
    return [...inUse]
      .flatMap((label) => digests.find((digest) => label === imageLabelOf({ reference, digest })) ?? [])
      .at(0);
  }
}

/** Those that the image has under this name; the first is an index's, if there is one, since a registry would name that. */
export function digestsOf({ Digest, RepoDigests }: LocalImage, repository: string): string[] {
  const others = (RepoDigests ?? [])
    .filter((name) => name.startsWith(`${repository}@`))
    .map((name) => name.slice(repository.length + 1))
    .filter((digest) => digest !== Digest);
  return repository.startsWith("localhost/") ? [Digest, ...others] : [...others, Digest];
}

async function isHere(api: PodmanApi, pin: ImagePin, signal: AbortSignal): Promise<boolean> {
  const name = imageName(pin);
  const path = `/images/${encodeURIComponent(name)}/exists`;
  const call = { what: `look for the image ${pin.reference}`, method: "GET", path } as const;
  const reply = await api.call(call, signal);
  if (isNotFound(reply)) return (await imageId(api, pin, signal)) !== undefined;
  expectStatus(reply, call.what, 204);
  return true;
}
