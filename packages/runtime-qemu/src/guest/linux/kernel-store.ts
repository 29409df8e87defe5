import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, copyFile, link, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { makePassable } from "../../confinement/passable-folder.ts";
import { digestOf } from "../attest.ts";
import { SharedWork } from "../shared-work.ts";
import { canBeEntered, unpackKernel } from "./unpack-kernel.ts";

/** What a guest boots: `vmlinux` where QEMU can enter the kernel itself, else the `vmlinuz` that it came as. */
export type KernelFile = "vmlinux" | "vmlinuz";

/**
 * Kernels as guests boot them, unpacked once: every image has a name for the same file, and no copy of its own. QEMU's user
 * owns it and could change it, which the attestation of an image finds out; so that a new image cannot take a changed one for
 * the kernel, each is named by what it was made of and by what it is.
 */
export class KernelStore {
  readonly #dir: string;
  readonly #work = new SharedWork<string>();

  /** @param dir  on the disk of the images. Made if missing. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Put the kernel at `path`, whose SHA-256 is given, into `folder`. */
  async place(path: string, sha256: string, folder: string, signal: AbortSignal): Promise<KernelFile> {
    const name = await this.#work.do(sha256, signal, async (shared) => {
      return (await this.#find(sha256, shared)) ?? (await this.#make(path, sha256, shared));
    });
    const file: KernelFile = name.startsWith("vmlinux-") ? "vmlinux" : "vmlinuz";
    await linkOrCopy(join(this.#dir, name), join(folder, file));
    return file;
  }

  async #find(source: string, signal: AbortSignal): Promise<string | undefined> {
    for (const name of await readdir(this.#dir).catch(() => [])) {
      const [, from, content] = /^vmlinu[xz]-([0-9a-f]{64})-([0-9a-f]{64})$/.exec(name) ?? [];
      if (from !== source) continue;
      const found = await digestOf(join(this.#dir, name), signal);
      if (found.sha256 === content) return name;
      await rm(join(this.#dir, name), { force: true });
    }
    return undefined;
  }

  async #make(path: string, source: string, signal: AbortSignal): Promise<string> {
    await makePassable(this.#dir);
    const part = join(this.#dir, `.part-${randomBytes(6).toString("hex")}`);
    try {
      const kind = (await this.#unpack(path, part, signal)) ? "vmlinux" : "vmlinuz";
      if (kind === "vmlinuz") await copyFile(path, part, constants.COPYFILE_FICLONE);
      await chmod(part, 0o400);
      const name = `${kind}-${source}-${(await digestOf(part, signal)).sha256}`;
      await rename(part, join(this.#dir, name));
      return name;
    } finally {
      await rm(part, { force: true });
    }
  }

  /** In pieces, between which others get their turn. @returns whether QEMU can enter what came of it. */
  async #unpack(path: string, to: string, signal: AbortSignal): Promise<boolean> {
    const pieces = unpackKernel(await readFile(path, { signal }));
    if (!pieces) return false;
    const file = await open(to, "wx+", 0o600);
    try {
      for await (const piece of pieces) {
        signal.throwIfAborted();
        await file.writeFile(piece);
        await setImmediate();
      }
      await file.sync();
      return await canBeEntered(async (at, bytes) => {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, at);
        return buffer.subarray(0, bytesRead);
      });
    } catch (error) {
      if (signal.aborted || (error as NodeJS.ErrnoException).code === "ENOSPC") throw error;
      // Damaged, it would say: then it boots as it came, or says so itself.
      return false;
    } finally {
      await file.close();
    }
  }
}

/** Some file systems have no second names. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE));
}
