import { realpath } from "node:fs/promises";
import { isProblem, Lanes, Problem } from "@mcp/base";
import type { RuntimeEvent } from "@mcp/runtime";
import { makePassable } from "../confinement/passable-folder.ts";
import type { Attendant } from "./attendant.ts";
import type { EventHub } from "./event-hub.ts";
import { removeHalves } from "./making.ts";
import { StateLock } from "./state-lock.ts";

/** Somebody looks after one boot of a virtual machine. */
export interface Attended {
  readonly attendant: Attendant;
  /** Which boot: another one has another attendant. */
  readonly boot: string;
  readonly hubs: Set<EventHub<RuntimeEvent>>;
}

interface Holder {
  /** From then on it takes nothing any more. */
  readonly isClosed: boolean;
}

/** After another process was found to have the folder. */
const askAgainMs = 1_000;

/**
 * What all runtimes of this process over one state folder share, by whichever path they came: one change at a time for
 * each virtual machine, one attendant for each boot, and the folder's lock, which is theirs until the last one closes.
 */
export class StateFolder {
  static readonly #all = new Map<string, StateFolder>();

  readonly lanes = new Lanes();
  /** Names of those that were asked to stop. */
  readonly stopping = new Set<string>();
  /** Names of those whose QEMU is being started: their records are ahead of what there is. */
  readonly booting = new Set<string>();
  readonly attended = new Map<string, Attended>();
  /** Counts what was begun and removed: who has looked before may not act upon it after. */
  changes = 0;
  readonly #path: string;
  readonly #holders = new Set<Holder>();
  #lock: StateLock | undefined;
  #refused: { readonly error: unknown; readonly untilMs: number } | undefined;
  #taking: Promise<void> | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Undefined if there is no such folder. */
  static async find(path: string): Promise<StateFolder | undefined> {
    const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (real === undefined) return undefined;
    const folder = StateFolder.#all.get(real) ?? new StateFolder(real);
    StateFolder.#all.set(real, folder);
    return folder;
  }

  static async make(path: string): Promise<StateFolder> {
    await makePassable(path);
    return (await StateFolder.find(path)) ?? StateFolder.make(path);
  }

  /**
   * From now on, until `letGo`, this process alone writes there.
   * @throws Problem as `StateLock.take`; `draining` to a holder that is closed: a look that was under way then would take the
   *   folder once more, for as long as this process lives.
   */
  async hold(holder: Holder): Promise<void> {
    if (holder.isClosed)
      throw new Problem("draining", "the agent is ending", "try again when it is back: mcp node status");
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined;
    });
    await this.#taking;
    this.#holders.add(holder);
  }

  /** Whether it may write there: for who also can do without. */
  async holds(holder: Holder): Promise<boolean> {
    return this.hold(holder).then(
      () => true,
      () => false,
    );
  }

  async letGo(holder: Holder): Promise<void> {
    await this.#taking?.catch(() => {});
    this.#holders.delete(holder);
    if (this.#holders.size > 0) return;
    StateFolder.#all.delete(this.#path);
    await this.#lock?.release();
    this.#lock = undefined;
  }

  async #take(): Promise<void> {
    if (this.#refused && performance.now() < this.#refused.untilMs) throw this.#refused.error;
    if (await this.#lock?.isStillThere()) return;
    await this.#lock?.release();
    this.#lock = undefined;
    try {
      this.#lock = await StateLock.take(this.#path);
      this.#refused = undefined;
      await removeHalves(this.#path);
    } catch (error) {
      if (isProblem(error)) this.#refused = { error, untilMs: performance.now() + askAgainMs };
      throw error;
    }
  }
}
