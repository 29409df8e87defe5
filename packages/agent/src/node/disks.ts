import type { Clock } from "@mcp/base";
import type { DiskFacts } from "@mcp/planner";
import { diskFacts } from "./machine.ts";

export interface Folder {
  /** What of ours lies there. */
  readonly use: string;
  readonly path: string;
}

const timeLimitMs = 2_000;

/**
 * Asks for the room on disks, each for at most two seconds. What hangs, as on a network disk whose server is gone, holds a
 * thread of node's few and cannot be ended: it is not asked again before it has answered.
 */
export class Disks {
  readonly #clock: Clock;
  readonly #ask: typeof diskFacts;
  /** By path: questions without an answer yet. */
  readonly #asked = new Map<string, Promise<readonly DiskFacts[]>>();

  constructor(clock: Clock, ask = diskFacts) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** `unknown`: those that did not answer in time. */
  async facts(folders: readonly Folder[]): Promise<{ disks: DiskFacts[]; unknown: Folder[] }> {
    const limit = new AbortController();
    const timeIsUp = this.#clock.sleep(timeLimitMs, limit.signal).then(
      () => undefined,
      () => undefined,
    );
    const answers = await Promise.all(
      folders.map(async (folder) => ({
        folder,
        disks: await Promise.race([this.#answer(folder), timeIsUp]),
      })),
    );
    limit.abort();
    return {
      disks: answers.flatMap(({ disks }) => disks ?? []),
      unknown: answers.flatMap(({ folder, disks }) => (disks ? [] : [folder])),
    };
  }

  #answer(folder: Folder): Promise<readonly DiskFacts[]> {
    const asked = this.#asked.get(folder.path);
    if (asked) return asked;
    const answer = this.#ask(folder).finally(() => this.#asked.delete(folder.path));
    this.#asked.set(folder.path, answer);
    return answer;
  }
}
