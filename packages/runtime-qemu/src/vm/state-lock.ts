import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@mcp/base";

/**
 * Who may write into a state folder: one process at a time, since a console has one writer and a virtual machine one
 * QEMU. The kernel holds the lock with the open file and gives it up when the process ends, however it ends, so nobody
 * has to guess whether an old one is still meant.
 *
 * Node cannot lock a file by itself: `flock` locks the open file that it inherits, and leaves; the lock stays with the file.
 */
export class StateLock {
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** @throws Problem `runtime_unavailable` if another process has it, `tool_missing`; what the folder itself refuses. */
  static async take(stateDir: string): Promise<StateLock> {
    const path = join(stateDir, ".lock");
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      if (!(await lock(file))) throw takenBy(stateDir, await readOwner(file));
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
    const [held, there] = await Promise.all([this.#file.stat(), stat(this.#path).catch(() => undefined)]);
    return held.ino === there?.ino && held.dev === there.dev;
  }

  async release(): Promise<void> {
    await this.#file.close();
  }
}

async function lock(file: FileHandle): Promise<boolean> {
  const child = spawn("flock", ["-n", "3"], { stdio: ["ignore", "ignore", "ignore", file.fd] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  }).catch((cause: unknown) => {
    throw new Problem("tool_missing", "flock cannot be run", "install util-linux", { cause });
  });
  if (code === 0) return true;
  if (code === 1) return false;
  throw new Problem(
    "runtime_failed",
    `the state folder of virtual machines cannot be locked: flock ended with ${code}`,
    "put it on a file system that knows locks: [vm] state_dir",
  );
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
