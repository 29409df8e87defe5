import { type FSWatcher, watch } from "node:fs";
import type { Clock } from "@mcp/base";
import type { VmFolder } from "./vm-folder.ts";

/** For what no watch tells of. */
const lookEveryMs = 250;
/** Where files cannot be watched. */
const blindLookEveryMs = 25;
/** A guest that prints all the time is not looked at for each byte. */
const leastPauseMs = 10;

/**
 * Tells who waits for a boot when there is something to see: QEMU, or its keeper, has written. To look all the while instead
 * would take time from the guests that boot, of which there may be many.
 */
export class BootWatch implements Disposable {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #watchers: FSWatcher[] = [];
  #isBlind = false;
  #isWritten = false;
  #wake = new AbortController();

  constructor({ path, run }: Pick<VmFolder, "path" | "run">, clock: Clock, everyMs = lookEveryMs) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    for (const folder of [path, run]) this.#watch(folder);
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

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
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
