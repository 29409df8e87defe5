import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@mcp/host";
import { digestOf } from "../attest.ts";
import { SharedWork } from "../shared-work.ts";
import { unpackKernel } from "./unpack-kernel.ts";

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
    await mkdir(this.#dir, { recursive: true, mode: 0o711 });
    const bzImage = await readFile(path, { signal });
    const elf = await unpackKernel(bzImage);
    const bytes = elf ?? bzImage;
    const content = createHash("sha256").update(bytes).digest("hex");
    const name = `${elf ? "vmlinux" : "vmlinuz"}-${source}-${content}`;
    await writeFileAtomic(join(this.#dir, name), bytes, { mode: 0o400 });
    return name;
  }
}

/** Some file systems have no second names. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE));
}
