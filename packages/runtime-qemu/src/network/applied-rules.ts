import { Problem } from "@mcp/base";
import type { Nft } from "./nft.ts";
import { gist, noRulesText, type RulesState, rulesText } from "./rules.ts";

/** Applied this often, and still not what was applied. */
const tries = 3;

/**
 * Our rules on this host, and whether they are still what we made them. What nft prints differs from what it was given, and from
 * version to version: so they are compared with what it printed when they were first looked at since. That is a moment later, so that
 * a machine that is being started does not wait for it.
 */
export class AppliedRules {
  readonly #nft: Nft;
  readonly #state: () => RulesState;
  #applied: { readonly text: string; listing: string | undefined } | undefined;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #next: Promise<void> | undefined;

  /** @param state  what they are to be made of, asked when they are. */
  constructor(nft: Nft, state: () => RulesState) {
    this.#nft = nft;
    this.#state = state;
  }

  /**
   * Make them what the state says by now, whatever they are: without a bridge there are none. Those who ask while it is being done are served together, by the
   * next time: their states are in it.
   * @throws Problem as `Nft.apply`; they are what they were then.
   */
  apply(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#isRunning = true;
        this.#running = this.#apply().finally(() => {
          this.#isRunning = false;
        });
        return this.#running;
      });
    return this.#next;
  }

  /**
   * `in place`: applied for this state, and nobody has changed them since. `changed`: somebody has. `outdated`: not applied yet, or
   * for another state.
   */
  async judge(signal: AbortSignal): Promise<"in place" | "changed" | "outdated"> {
    await this.#running.catch(() => {});
    const applied = this.#applied;
    if (!applied && this.#state().bridges.length === 0) return "in place";
    if (!applied || applied.text !== rulesText(this.#state())) return "outdated";
    const now = await this.#nft.list(signal);
    // Meanwhile they may have been applied again.
    if (this.#applied !== applied) return this.judge(signal);
    // The first listing since is believed if all of it is there.
    applied.listing ??= gist(now) === gist(applied.text) ? now : undefined;
    return now === applied.listing ? "in place" : "changed";
  }

  /** Whether they were applied by this process, or are about to be. */
  get areThere(): boolean {
    return this.#applied !== undefined || this.#isRunning || this.#next !== undefined;
  }

  async #apply(): Promise<void> {
    const { signal } = new AbortController();
    const state = this.#state();
    const text = state.bridges.length > 0 ? rulesText(state) : undefined;
    await this.#nft.apply(text ?? noRulesText(), signal);
    this.#applied = text === undefined ? undefined : { text, listing: undefined };
  }

  /**
   * As `apply`, until they are seen to be there.
   * @throws Problem `network_failed` if somebody takes them away again each time.
   */
  async enforce(signal: AbortSignal): Promise<void> {
    for (let changes = 0; changes < tries; ) {
      await this.apply();
      const verdict = await this.judge(signal);
      if (verdict === "in place") return;
      // Else another machine has come meanwhile.
      if (verdict === "changed") changes++;
    }
    throw new Problem(
      "network_failed",
      "the rules of the virtual machines' network are changed by somebody as soon as they are set",
      "see by whom: nft monitor",
    );
  }
}
