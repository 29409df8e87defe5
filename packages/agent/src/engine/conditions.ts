import { type Condition, conditionKey, type Finding } from "@mcp/planner";
import { Broadcast } from "./broadcast.ts";

/**
 * What is wrong at present, by who found it. A finder replaces what it said before, so that nothing stays wrong only
 * because nobody took it back.
 */
export class Conditions {
  readonly #byFinder = new Map<string, readonly Condition[]>();
  readonly #reported = new Set<string>();
  /** Sent after each change, and when a finder says for the first time that it finds nothing. */
  readonly changes = new Broadcast<void>();

  /**
   * All that `finder` (`service hello`, `runtimes`, say) finds now. One that has not looked yet must say nothing: what
   * an earlier agent told of it would be taken as over.
   */
  set(finder: string, found: readonly Condition[]): void {
    const isFirst = !this.#reported.has(finder);
    const before = this.#byFinder.get(finder) ?? [];
    if (!isFirst && JSON.stringify(before) === JSON.stringify(found)) return;
    this.#reported.add(finder);
    if (found.length === 0) this.#byFinder.delete(finder);
    else this.#byFinder.set(finder, found);
    this.changes.send();
  }

  /** Who has said anything since the agent started, also that all is well. */
  get reported(): ReadonlySet<string> {
    return this.#reported;
  }

  /** Each once, with who found it. */
  findings(): readonly Finding[] {
    const all = [...this.#byFinder].flatMap(([finder, found]) =>
      found.map((condition) => ({ finder, condition })),
    );
    return [...new Map(all.map((finding) => [conditionKey(finding.condition), finding])).values()];
  }

  /** Each once, in the order of its key. */
  all(): readonly Condition[] {
    const byKey = new Map([...this.#byFinder.values()].flat().map((each) => [conditionKey(each), each]));
    return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, condition]) => condition);
  }
}
