import { type FSWatcher, watch } from "node:fs";
import type { Clock } from "@mcp/base";
import type { VmFolder } from "./vm-folder.ts";

/** What its keeper, or we, write when QEMU ends; null where the kernel does not say what was written. */
export const endings: ReadonlySet<string | null> = new Set(["exit", "failure", null]);

/** For what no watch tells of. */
const lookEveryMs = 1_000;
/** Where files cannot be watched. */
const blindLookEveryMs = 25;
/** A guest that prints all the time is not looked at for each byte. */
const leastPauseMs = 10;

/**
 * Tells who waits for a boot when there is something to see: QEMU, or its keeper, has written. To look all the while instead
 * would take time from the guests that boot, of which there may be many, and so would a look for each thing that is written: consoles and logs
 * lie in the same folders.
 */
export class BootWatch implements Disposable {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #watchers: FSWatcher[] = [];
  #isBlind = false;
  #isWritten = false;
  #wake = new AbortController();

  /** @param words  the file in `run` by which the guest tells that its program runs. */
  constructor(
    { path, run }: Pick<VmFolder, "path" | "run">,
    words: string,
    clock: Clock,
    everyMs = lookEveryMs,
  ) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#watch(path, endings);
    this.#watch(run, new Set([words, null]));
  }

  /** Returns once something was written since the last call, or after a while. An abort rethrows `signal.reason`. */
  async next(signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(leastPauseMs, signal);
    if (!this.#isWritten) {
      this.#wake = new AbortController();
      const ms = this.#isBlind ? blindLookEveryMs : this.#everyMs;
      await this.#clock.sleep(ms, AbortSignal.any([this.#wake.signal, signal])).catch(() => {});
      signal.throwIfAborted();
    }
    this.#isWritten = false;
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(folder: string, names: ReadonlySet<string | null>): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (!names.has(name)) return;
        this.#isWritten = true;
        this.#wake.abort();
      });
      watcher.on("error", () => {
        watcher.close();
        this.#isBlind = true;
      });
      this.#watchers.push(watcher);
    } catch {
      this.#isBlind = true;
    }
  }
}
