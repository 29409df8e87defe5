import { type Condition, conditionKey, type Finding } from "@mcp/planner";
import { Broadcast } from "./broadcast.ts";

/**
 * What is wrong at present, by who found it. A finder replaces what it said before, so that nothing stays wrong only
 * because nobody took it back.
 */
export class Conditions {
  readonly #byFinder = new Map<string, readonly Condition[]>();
  readonly #reported = new Set<string>();
  readonly #unsettled = new Map<string, readonly string[]>();
  /** Sent after each change, and when a finder says for the first time that it finds nothing. */
  readonly changes = new Broadcast<void>();

  /**
   * All that `finder` (`service hello`, `runtimes`, say) finds now. One that has not looked yet must say nothing: what
   * an earlier agent told of it would be taken as over.
   *
   * @param unsettled  components, as `service/component`, of which what was found before is not over yet
   */
  set(finder: string, found: readonly Condition[], unsettled: readonly string[] = []): void {
    const isFirst = !this.#reported.has(finder);
    const before = [this.#byFinder.get(finder) ?? [], this.#unsettled.get(finder) ?? []];
    if (!isFirst && JSON.stringify(before) === JSON.stringify([found, unsettled])) return;
    this.#reported.add(finder);
    if (found.length === 0) this.#byFinder.delete(finder);
    else this.#byFinder.set(finder, found);
    if (unsettled.length === 0) this.#unsettled.delete(finder);
    else this.#unsettled.set(finder, unsettled);
    this.changes.send();
  }

  /** What it looked at is not there any more, and so is not kept for ever. */
  forget(finder: string): void {
    const wasKnown = this.#reported.delete(finder);
    this.#byFinder.delete(finder);
    this.#unsettled.delete(finder);
    if (wasKnown) this.changes.send();
  }

  /** Who has said anything since the agent started, also that all is well. */
  get reported(): ReadonlySet<string> {
    return this.#reported;
  }

  /** Of these what was found before is not over yet. */
  get unsettled(): ReadonlySet<string> {
    return new Set([...this.#unsettled.values()].flat());
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
