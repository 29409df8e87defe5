import { readdir, readFile } from "node:fs/promises";
import type { Clock } from "@mcp/base";

const looks = 10;
const pauseMs = 50;

/**
 * Lets podman forget an exec soon. Its supervisor (conmon, twice) stays for five minutes after each exec made over the
 * API, asleep until it cleans up: with a health check every ten seconds that is sixty processes for each component.
 * SIGTERM ends the sleep, and what it does then is its ordinary clean-up.
 */
export class ExecCleanup {
  readonly #clock: Clock;
  readonly #underWay = new Set<Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns at once: nobody needs to wait for it. */
  begin(sessionId: string): void {
    const work = this.#cleanUp(sessionId).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async close(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #cleanUp(sessionId: string): Promise<void> {
    // The program's output ends a little before its supervisor goes to sleep.
    for (let look = 0; look < looks; look++) {
      const sleeper = await sleeperOf(sessionId);
      if (sleeper !== undefined) return kill(sleeper);
      await this.#clock.sleep(pauseMs);
    }
  }
}

/** Of the two supervisors, the one that sleeps is the other's child. */
async function sleeperOf(sessionId: string): Promise<number | undefined> {
  const supervisors = new Set<number>();
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && (await isSupervisorOf(pid, sessionId))) supervisors.add(pid);
  }
  for (const pid of supervisors) if (supervisors.has(await parentOf(pid))) return pid;
  return undefined;
}

async function isSupervisorOf(pid: number, sessionId: string): Promise<boolean> {
  const argv = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
  if (!argv[0]?.endsWith("conmon") || !argv.includes("--exec-attach")) return false;
  return argv[argv.indexOf("-u") + 1] === sessionId;
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has gone, or is another user's: then it goes in five minutes.
  }
}
