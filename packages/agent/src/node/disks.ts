import { type Clock, Patience } from "@mcp/base";
import type { DiskFacts } from "@mcp/planner";
import { diskFacts } from "./machine.ts";

export interface Folder {
  /** What of ours lies there. */
  readonly use: string;
  readonly path: string;
}

const timeLimitMs = 2_000;

/** Asks for the room on disks, each for at most two seconds, so that one that hangs holds up none of the others. */
export class Disks {
  readonly #patience: Patience<readonly DiskFacts[]>;
  readonly #ask: typeof diskFacts;

  constructor(clock: Clock, ask = diskFacts) {
    this.#patience = new Patience(clock, timeLimitMs);
    this.#ask = ask;
  }

  /** `unknown`: those that did not answer in time. */
  async facts(folders: readonly Folder[]): Promise<{ disks: DiskFacts[]; unknown: Folder[] }> {
    const answers = await Promise.all(
      folders.map(async (folder) => ({
        folder,
        disks: await this.#patience.ask(folder.path, () => this.#ask(folder)),
      })),
    );
    return {
      disks: answers.flatMap(({ disks }) => disks ?? []),
      unknown: answers.flatMap(({ folder, disks }) => (disks ? [] : [folder])),
    };
  }
}
