import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isProblem, Problem } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { ImageSource, WorkloadSpec } from "@mcp/runtime";
import { makePassable } from "../confinement/passable-folder.ts";
import { attest, corrupted, digestOf, type FileRecord } from "./attest.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { GuestImage, GuestImageBuilder } from "./guest-image.ts";
import { isBuiltByTheLiving, partName } from "./part-folder.ts";
import { SharedWork } from "./shared-work.ts";

export interface ImageCacheOptions {
  /** Holds a folder per image, named by its key. Made if it is missing; who runs QEMU must be able to pass through it. */
  readonly dir: string;
  /** Who alone may read the images' files: the user that QEMU runs as. Absent: this process's own. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly log: Logger;
}

interface Manifest {
  readonly v: 1;
  readonly key: string;
  /** What the key is the SHA-256 of, for people. */
  readonly ingredients: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, FileRecord>>;
  readonly facts: Readonly<Record<string, unknown>>;
}

const manifestName = "manifest.json";

/**
 * Guest images by what they were made of: the same ingredients are built once, whoever asks and however often. Each is
 * built in a folder beside and renamed, so that it is there whole or not at all; nothing in it is changed afterwards.
 */
export class ImageCache {
  readonly #options: ImageCacheOptions;
  readonly #work = new SharedWork<GuestImage>();
  #cleared: Promise<void> | undefined;

  constructor(options: ImageCacheOptions) {
    this.#options = options;
  }

  /**
   * The image of a spec: built if it is not there, and seen to be what was built if it is.
   *
   * @throws Problem `image_corrupted`; `disk_full`, which leaves nothing behind; what the builder throws.
   */
  async get(
    builder: GuestImageBuilder,
    spec: WorkloadSpec,
    images: ImageSource,
    signal: AbortSignal,
  ): Promise<GuestImage> {
    const ingredients = { ...(await builder.ingredients(spec, signal)), kind: builder.kind };
    const key = createHash("sha256").update(canonicalJson(ingredients)).digest("hex");
    await this.#clearOnce();
    return this.#work.do(
      key,
      signal,
      async (shared) =>
        (await this.#find(key, shared)) ??
        (await this.#build(key, ingredients, builder, spec, images, shared)),
    );
  }

  async #find(key: string, signal: AbortSignal): Promise<GuestImage | undefined> {
    const folder = join(this.#options.dir, key);
    const text = await readFile(join(folder, manifestName), "utf8").catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return undefined;
      throw corrupted(folder, `its ${manifestName} cannot be read: ${cause.code}`, { cause });
    });
    if (text === undefined) {
      if (await isThere(folder)) throw corrupted(folder, `it has no ${manifestName}`);
      return undefined;
    }
    const manifest = parseManifest(text, key);
    if (!manifest) throw corrupted(folder, `its ${manifestName} is not one of its own`);
    await attest(folder, manifest.files, signal);
    await this.#giveToOwner(folder, Object.keys(manifest.files));
    return toImage(folder, manifest);
  }

  async #build(
    key: string,
    ingredients: Manifest["ingredients"],
    builder: GuestImageBuilder,
    spec: WorkloadSpec,
    images: ImageSource,
    signal: AbortSignal,
  ): Promise<GuestImage> {
    const { dir, log } = this.#options;
    const began = performance.now();
    const part = join(dir, await partName(key, randomBytes(4).toString("hex")));
    const folder = join(dir, key);
    try {
      await makePassable(part);
      const { files, facts } = await builder.build(spec, images, part, signal);
      const manifest: Manifest = {
        v: 1,
        key,
        ingredients,
        files: await this.#seal(part, files, signal),
        facts,
      };
      // Through JSON, so that the first boot is given just what every later one is.
      const text = JSON.stringify(manifest, null, 2);
      await writeFile(join(part, manifestName), text, { mode: 0o600, flush: true });
      await syncFolder(part);
      await rename(part, folder).catch(unlessThere);
      await syncFolder(dir);
      log.info("guest image built", {
        image: spec.image.reference,
        key,
        ms: Math.round(performance.now() - began),
      });
      return toImage(folder, JSON.parse(text) as Manifest);
    } catch (error) {
      signal.throwIfAborted();
      throw asBuildProblem(error, dir);
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  }

  /** Records each file, gives it to whom QEMU runs as, and removes whatever else the builder left. */
  async #seal(
    folder: string,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Record<string, FileRecord>> {
    const files: Record<string, FileRecord> = {};
    for (const name of await readdir(folder)) {
      if (!names.includes(name)) await rm(join(folder, name), { recursive: true });
    }
    for (const name of [...names].sort()) {
      const path = join(folder, name);
      files[name] = await digestOf(path, signal);
      await sync(path);
      const { owner } = this.#options;
      if (owner) await chown(path, owner.uid, owner.gid);
      await chmod(path, 0o400);
    }
    return files;
  }

  /** Another user may have been configured since it was built. */
  async #giveToOwner(folder: string, names: readonly string[]): Promise<void> {
    const { owner } = this.#options;
    for (const path of owner ? names.map((name) => join(folder, name)) : []) {
      const { uid, gid } = await stat(path);
      if (owner && (uid !== owner.uid || gid !== owner.gid)) await chown(path, owner.uid, owner.gid);
    }
  }

  /** What a killed process left half built. Once is enough: nobody else clears away, and our own we clear at once. */
  #clearOnce(): Promise<void> {
    this.#cleared ??= this.#clear().catch((error: unknown) => {
      this.#cleared = undefined;
      throw asBuildProblem(error, this.#options.dir);
    });
    return this.#cleared;
  }

  async #clear(): Promise<void> {
    const { dir, log } = this.#options;
    await makePassable(dir);
    for (const name of await readdir(dir)) {
      if ((await isBuiltByTheLiving(name)) !== false) continue;
      await rm(join(dir, name), { recursive: true, force: true });
      log.info("half built guest image removed", { folder: join(dir, name) });
    }
  }
}

function toImage(folder: string, { key, files, facts }: Manifest): GuestImage {
  const sha256 = Object.fromEntries(Object.entries(files).map(([name, record]) => [name, record.sha256]));
  return { key, folder, sha256, facts };
}

function parseManifest(text: string, key: string): Manifest | undefined {
  try {
    const value = JSON.parse(text) as Partial<Manifest> | null;
    const isWhole = value?.v === 1 && value.key === key && value.files && value.facts;
    const hasPlainNames = Object.keys(value?.files ?? {}).every((name) => /^[\w][\w.-]*$/.test(name));
    return isWhole && hasPlainNames ? (value as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

/** Another process was faster: its image is the same. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
}

function asBuildProblem(error: unknown, dir: string): unknown {
  if (isProblem(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const options = { cause: error };
  if (code === "ENOSPC" || code === "EDQUOT")
    return new Problem(
      "disk_full",
      `no space left to build a guest image in ${dir}`,
      `make room: df -h ${dir}`,
      options,
    );
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new Problem(
      "permission_denied",
      `may not write guest images to ${dir}`,
      `look at: ls -ld ${dir}`,
      options,
    );
  return error;
}

const isThere = (path: string): Promise<boolean> =>
  readdir(path).then(
    () => true,
    () => false,
  );

async function sync(path: string): Promise<void> {
  // Not for writing: what is sealed already, such as a kernel that several images share, nobody but root may write.
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}
