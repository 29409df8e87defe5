import type { ImagePin } from "../images.ts";
import type { FakeBehaviour } from "./behaviour.ts";

/** The images of the fake: what its registry holds, and what is on the host. */
export class FakeShelf {
  /** Nobody reaches the registry. */
  registryIsDown = false;
  readonly #registry = new Map<string, string>();
  readonly #content = new Map<string, FakeBehaviour>();
  readonly #onHost = new Set<string>();
  readonly #tagsOnHost = new Map<string, string>();
  #made = 0;

  /** New content under a reference, in the registry. */
  publish(reference: string, behaviour: FakeBehaviour): ImagePin {
    const digest = `sha256:${(++this.#made).toString(16).padStart(64, "0")}`;
    this.#content.set(digest, behaviour);
    this.#registry.set(reference, digest);
    return { reference, digest };
  }

  /** Onto the host; false if the registry does not have it. */
  bring({ reference, digest }: ImagePin): boolean {
    if (!this.#content.has(digest)) return false;
    this.#onHost.add(digest);
    this.#tagsOnHost.set(reference, digest);
    return true;
  }

  drop(digest: string): void {
    this.#onHost.delete(digest);
    for (const [tag, held] of this.#tagsOnHost) if (held === digest) this.#tagsOnHost.delete(tag);
  }

  inRegistry(reference: string): string | undefined {
    return this.#registry.get(reference);
  }

  tagOnHost(reference: string): string | undefined {
    return this.#tagsOnHost.get(reference);
  }

  /** Undefined unless it is on the host. */
  onHost(digest: string): FakeBehaviour | undefined {
    return this.#onHost.has(digest) ? this.#content.get(digest) : undefined;
  }
}
