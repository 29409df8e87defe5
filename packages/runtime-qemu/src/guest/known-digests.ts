import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { looksOf } from "../looks.ts";
import { digestOf } from "./attest.ts";

/** SHA-256 of files that seldom change, read again only when a file looks another. */
export class KnownDigests {
  readonly #known = new Map<string, { readonly looks: string; readonly sha256: string }>();

  /** By file name, since the same file elsewhere is the same ingredient. */
  async of(paths: readonly string[], signal: AbortSignal): Promise<Record<string, string>> {
    const pairs = await Promise.all(
      paths.map(async (path) => [basename(path), await this.one(path, signal)] as const),
    );
    return Object.fromEntries(pairs);
  }

  /** @throws what the file system says where it is not there. */
  async one(path: string, signal: AbortSignal): Promise<string> {
    const looks = await looksOf(path);
    const known = this.#known.get(path);
    if (known?.looks === looks) return known.sha256;
    const { sha256 } = await digestOf(await realpath(path), signal);
    this.#known.set(path, { looks, sha256 });
    return sha256;
  }
}
