import { writeFile } from "node:fs/promises";
import { Problem } from "@mcp/base";
import type { ImagePin } from "../images.ts";
import type { ImageConfig, ImageSource } from "../runtime.ts";
import type { FakeHost } from "./fake-host.ts";

/** The contract of an image source over a `FakeHost`. */
export class FakeImages implements ImageSource {
  readonly #host: FakeHost;

  constructor(host: FakeHost) {
    this.#host = host;
  }

  resolve(reference: string, signal: AbortSignal): Promise<ImagePin> {
    return this.#host.call("resolve", reference, signal, () => {
      const { shelf } = this.#host;
      const [, digest] = reference.split("@");
      if (digest !== undefined) return { reference, digest };
      if (!shelf.registryIsDown) {
        const meant = shelf.inRegistry(reference);
        if (meant !== undefined) return { reference, digest: meant };
        throw new Problem("image_not_found", `the registry has no ${reference}`, "push it first");
      }
      const here = shelf.tagOnHost(reference);
      if (here !== undefined) {
        return {
          reference,
          digest: here,
          note: "the registry cannot be reached; using what is on this host",
        };
      }
      throw new Problem(
        "registry_unreachable",
        `the registry of ${reference} cannot be reached`,
        "see the registry",
      );
    });
  }

  exists({ reference, digest }: ImagePin, signal: AbortSignal): Promise<boolean> {
    return this.#host.call("exists", reference, signal, () => this.#host.shelf.onHost(digest) !== undefined);
  }

  pull(pin: ImagePin, onProgress: (line: string) => void, signal: AbortSignal): Promise<void> {
    return this.#host.call("pull", pin.reference, signal, () => {
      const { shelf } = this.#host;
      if (shelf.onHost(pin.digest)) return;
      onProgress(`pulling ${pin.reference}`);
      if (!shelf.registryIsDown && shelf.bring(pin)) return;
      const why = shelf.registryIsDown ? "the registry cannot be reached" : "manifest unknown";
      throw new Problem(
        "image_pull_failed",
        `${pin.reference} could not be pulled: ${why}`,
        "see the registry",
      );
    });
  }

  export({ reference, digest }: ImagePin, path: string, signal: AbortSignal): Promise<ImageConfig> {
    return this.#host.call("export", reference, signal, async () => {
      const behaviour = this.#host.shelf.onHost(digest);
      if (!behaviour) {
        throw new Problem("image_not_found", `${reference} is not on this host`, "pull it first");
      }
      // Two empty blocks: the shortest tar file there is.
      await writeFile(path, new Uint8Array(1_024));
      return { entrypoint: [], cmd: [], env: {}, workdir: "/", user: "", ...behaviour.config };
    });
  }
}
