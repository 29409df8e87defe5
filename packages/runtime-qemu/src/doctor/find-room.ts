import { access, constants, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, Patience } from "@mcp/base";
import type { Finding } from "./vm-checks.ts";

const leastBytes = 1024 ** 3;
const timeLimitMs = 2_000;

/** How much room the disk of a folder has; asked for at most two seconds, since a network disk may hang. */
export class Room {
  readonly #patience: Patience<Finding>;
  readonly #look: typeof lookForRoom;

  constructor(clock: Clock, look = lookForRoom) {
    this.#patience = new Patience(clock, timeLimitMs);
    this.#look = look;
  }

  async find(path: string): Promise<Finding> {
    const hangs = {
      ok: false,
      why: `nobody can say how much room there is in ${path}: its disk does not answer`,
      hint: `see whether it answers: df ${path}; if it is a network disk, whether its server does`,
    } as const;
    return (await this.#patience.ask(path, () => this.#look(path))) ?? hangs;
  }
}

/** Whether a folder, which is made when it is needed, can be written, and how much room its disk has. */
async function lookForRoom(path: string): Promise<Finding> {
  const there = await nearest(path);
  const mayWrite = await access(there, constants.W_OK | constants.X_OK).then(
    () => undefined,
    ({ code }: NodeJS.ErrnoException) => code,
  );
  if (mayWrite !== undefined)
    return {
      ok: false,
      why: `${there} cannot be written (${mayWrite})`,
      hint: `look at: ls -ld ${there}; findmnt --target ${there}`,
    };
  const { bsize, blocks, bavail } = await statfs(there);
  const text = `${path}, ${inGiB(bavail * bsize)} of ${inGiB(blocks * bsize)} GiB free`;
  if (bavail * bsize >= leastBytes) return { ok: true, text };
  return { ok: false, why: text, hint: `free some space: du -xh ${there} | sort -h | tail` };
}

async function nearest(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== "ENOENT",
  );
  return isThere || dirname(path) === path ? path : nearest(dirname(path));
}

const inGiB = (bytes: number): string => (bytes / 1024 ** 3).toFixed(1);
