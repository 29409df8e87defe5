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

export interface Holder {
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
  /** Who found it and has not let it go: until then there is no other one for this path, and it keeps the lock. */
  readonly #holders = new Set<Holder>();
  /** To take the lock and to give it up: never both at once. */
  readonly #turns = new Lanes();
  #lock: StateLock | undefined;
  #refused: { readonly error: unknown; readonly untilMs: number } | undefined;
  #taking: Promise<void> | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Undefined if there is no such folder. It is kept for the holder, unless that is closed, until `letGo`. */
  static async find(path: string, holder: Holder): Promise<StateFolder | undefined> {
    const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (real === undefined) return undefined;
    const folder = StateFolder.#all.get(real) ?? new StateFolder(real);
    if (holder.isClosed) return folder;
    StateFolder.#all.set(real, folder);
    folder.#holders.add(holder);
    return folder;
  }

  static async make(path: string, holder: Holder): Promise<StateFolder> {
    await makePassable(path);
    return (await StateFolder.find(path, holder)) ?? StateFolder.make(path, holder);
  }

  /** Those that are kept for it. */
  static of(holder: Holder): readonly StateFolder[] {
    return [...StateFolder.#all.values()].filter((folder) => folder.#holders.has(holder));
  }

  /**
   * From now on, until all who hold it `letGo`, this process alone writes there.
   * @throws Problem as `StateLock.take`; `draining` to a holder that is closed: a look that was under way then would take the
   *   folder once more, for as long as this process lives.
   */
  async hold(holder: Holder): Promise<void> {
    if (holder.isClosed) throw closed();
    this.#taking ??= this.#turns
      .run("lock", () => this.#take())
      .finally(() => {
        this.#taking = undefined;
      });
    await this.#taking;
  }

  /** Whether it may write there: for who also can do without. */
  async holds(holder: Holder): Promise<boolean> {
    return this.hold(holder).then(
      () => true,
      () => false,
    );
  }

  async letGo(holder: Holder): Promise<void> {
    await this.#turns.run("lock", async () => {
      this.#holders.delete(holder);
      if (this.#holders.size > 0) return;
      const lock = this.#lock;
      this.#lock = undefined;
      await lock?.release();
      // Somebody may have found it meanwhile.
      if (this.#holders.size === 0) StateFolder.#all.delete(this.#path);
    });
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

export const closed = (): Problem =>
  new Problem("draining", "the agent is ending", "try again when it is back: mcp node status");
