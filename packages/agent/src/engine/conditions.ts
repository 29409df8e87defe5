import { type Condition, conditionKey } from "@mcp/planner";
import { Broadcast } from "./broadcast.ts";

/**
 * What is wrong at present, by who found it. A finder replaces what it said before, so that nothing stays wrong only
 * because nobody took it back.
 */
export class Conditions {
  readonly #byFinder = new Map<string, readonly Condition[]>();
  /** Sent after each change. */
  readonly changes = new Broadcast<void>();

  /** All that `finder` (`service hello`, `disks`, say) finds now. */
  set(finder: string, found: readonly Condition[]): void {
    const before = this.#byFinder.get(finder) ?? [];
    if (JSON.stringify(before) === JSON.stringify(found)) return;
    if (found.length === 0) this.#byFinder.delete(finder);
    else this.#byFinder.set(finder, found);
    this.changes.send();
  }

  /** Each once, in the order of its key. */
  all(): readonly Condition[] {
    const byKey = new Map([...this.#byFinder.values()].flat().map((each) => [conditionKey(each), each]));
    return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, condition]) => condition);
  }
}
