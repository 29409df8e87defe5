import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import { lockFile } from "@mcp/host";

/**
 * Who may write into a state folder: one process at a time, since a console has one writer and a virtual machine one
 * QEMU.
 */
export class StateLock {
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** @throws Problem `runtime_unavailable` if another process has it, `tool_missing`, `tool_failed`; what the folder itself refuses. */
  static async take(stateDir: string): Promise<StateLock> {
    const path = join(stateDir, ".lock");
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      if (!(await lockFile(file))) throw takenBy(stateDir, await readOwner(file));
      await file.truncate();
      await file.write(`${process.pid}\n`, 0);
      return new StateLock(file, path);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** False where the folder was removed or exchanged meanwhile: what is there now is not locked. */
  async isStillThere(): Promise<boolean> {
    const [held, there] = await Promise.all([this.#file.stat(), stat(this.#path).catch(undefinedIfGone)]);
    return held.ino === there?.ino && held.dev === there.dev;
  }

  async release(): Promise<void> {
    await this.#file.close();
  }
}

/** What cannot be looked at, for want of file descriptors say, is not gone: the lock is not given up for that. */
function undefinedIfGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
}

async function readOwner(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(20), position: 0 });
  return /^(\d+)\n/.exec(buffer.toString("utf8", 0, bytesRead))?.[1] ?? "unknown";
}

const takenBy = (stateDir: string, pid: string): Problem =>
  new Problem(
    "runtime_unavailable",
    `the virtual machines in ${stateDir} are looked after by another process (pid ${pid})`,
    `stop it, see ps -fp ${pid}, or give this one a folder of its own: [vm] state_dir`,
  );
