import { constants, fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Logger, Run } from "@mcp/host";
import { readAt } from "./read-at.ts";

const chunkBytes = 64 * 1024;

export interface RawOutputOptions {
  readonly log: Logger;
  readonly run: Run;
  /** How much of what is not needed any more may stay on disk. */
  readonly slackBytes: number;
}

/**
 * A file that QEMU appends to. It lies in a folder that QEMU may write, so it is opened without following a link, and
 * taken only if it is a regular file. It stays open: what stands there by that name later is not looked at.
 *
 * Its size only grows, but the disk space does not: what was read is given back by punching a hole, which moves nothing
 * and of which QEMU notices nothing. Cutting the file off instead would lose what is written between reading and cutting.
 */
export class RawOutput {
  readonly #path: string;
  readonly #options: RawOutputOptions;
  #file: FileHandle | undefined;
  #shortenedTo = 0;
  /** Set once it is known that this file cannot be read, or not be shortened: said once and not each second. */
  #isUnreadable = false;
  #cannotShorten = false;

  constructor(path: string, options: RawOutputOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** 0 while there is no file. */
  async size(): Promise<number> {
    const file = await this.#open();
    // What is open is in the kernel's memory: to have another thread ask takes twenty times as long, and each output of each
    // machine is looked at every second.
    return file ? fstatSync(file.fd).size : 0;
  }

  /** What stands there, at most a chunk; empty at the end. */
  async read(position: number): Promise<Buffer> {
    const length = Math.min(chunkBytes, (await this.size()) - position);
    return !this.#file || length <= 0 ? Buffer.alloc(0) : readAt(this.#file, position, length);
  }

  /** Give back the disk space of what lies before `position`, once it is worth it. */
  async shorten(position: number): Promise<void> {
    if (this.#cannotShorten || position - this.#shortenedTo < this.#options.slackBytes) return;
    const file = await this.#open();
    if (!file) return;
    // By its descriptor: the name may lead somewhere else by now.
    const path = `/proc/${process.pid}/fd/${file.fd}`;
    const argv = ["fallocate", "--punch-hole", "--offset", "0", "--length", String(position), path];
    try {
      await this.#options.run(argv, { timeoutMs: 10_000 });
      this.#shortenedTo = position;
    } catch (error) {
      this.#cannotShorten = true;
      const hint = "console files there take disk space until their machine is started anew";
      this.#options.log.warn("a console's raw file cannot be shortened", { path: this.#path, hint, error });
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #open(): Promise<FileHandle | undefined> {
    if (this.#file || this.#isUnreadable) return this.#file;
    // A named pipe without O_NONBLOCK would hold the agent until somebody writes to it.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    let file: FileHandle;
    try {
      file = await open(this.#path, flags);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      return this.#refuse(error);
    }
    const info = await file.stat();
    if (!info.isFile() || info.nlink !== 1) {
      await file.close();
      return this.#refuse(new Error("it is not a file of its own"));
    }
    this.#file = file;
    return file;
  }

  #refuse(error: unknown): undefined {
    this.#isUnreadable = true;
    this.#options.log.warn("a console's raw file cannot be read", { path: this.#path, error });
    return undefined;
  }
}
