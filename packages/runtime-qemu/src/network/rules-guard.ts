import { type ChildProcess, spawn } from "node:child_process";
import type { Clock } from "@mcp/base";
import type { Logger } from "@mcp/host";

export interface RulesGuardOptions {
  /** Looks whether all is as it should be, and makes it so. Never two at a time. */
  readonly look: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A change is often one of many, or our own for a machine that is being started, which is not to be held up. */
const settleMs = 250;
/** Between two looks that somebody's changes lead to: a quarrel with another program must not fill this machine. */
const atMostEveryMs = 1_000;
/** For what nobody tells of. */
const anywayEveryMs = 30_000;
/** While nobody tells of changes to the rules at all: they are to be back within two seconds. */
const blindEveryMs = 1_000;
const longestPauseMs = 30_000;

/**
 * Looks after each change to any rules on this host, of which `nft monitor` tells, and every half minute. Where that does not run,
 * every second, until it does.
 */
export class RulesGuard {
  readonly #options: RulesGuardOptions;
  readonly #over = new AbortController();
  #changed = new AbortController();
  #monitor: ChildProcess | undefined;
  #work: Promise<unknown> | undefined;

  constructor(options: RulesGuardOptions) {
    this.#options = options;
  }

  /** Returns at once; once is enough. */
  begin(): void {
    this.#work ??= Promise.all([this.#keepListening(), this.#keepLooking()]);
  }

  /** Look soon. */
  wake(): void {
    this.#changed.abort();
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#monitor?.kill("SIGKILL");
    await this.#work;
  }

  async #keepLooking(): Promise<void> {
    const { look, clock, log } = this.#options;
    const { signal } = this.#over;
    const pause = (ms: number, ...others: AbortSignal[]) =>
      clock.sleep(ms, AbortSignal.any([signal, ...others])).catch(() => {});
    while (!signal.aborted) {
      await pause(this.#monitor ? anywayEveryMs : blindEveryMs, this.#changed.signal);
      if (this.#changed.signal.aborted) await pause(settleMs);
      this.#changed = new AbortController();
      if (signal.aborted) return;
      await look().catch((error: unknown) =>
        log.debug("the network of virtual machines could not be looked at", { error: String(error) }),
      );
      await pause(atMostEveryMs);
    }
  }

  async #keepListening(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#over;
    let pauseMs = 1_000;
    while (!signal.aborted) {
      const beganMs = clock.monotonic();
      const why = await this.#listen();
      if (signal.aborted) return;
      log.debug("nft monitor has ended, and is started again", { why });
      // What changed meanwhile nobody told.
      this.wake();
      pauseMs = clock.monotonic() - beganMs > longestPauseMs ? 1_000 : Math.min(pauseMs * 2, longestPauseMs);
      await clock.sleep(pauseMs, signal).catch(() => {});
    }
  }

  /** Returns when it ends, with what it said. What it tells of is not read: that it tells is enough. */
  async #listen(): Promise<string> {
    // It dies with this process, also if that is killed: else it would wait for a change until then.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", "nft", "monitor"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#monitor = child;
    let said = "";
    child.stdout.on("data", () => this.wake());
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-500);
    });
    if (this.#over.signal.aborted) child.kill("SIGKILL");
    await new Promise<void>((resolve) => {
      child.once("error", (error) => {
        said = error.message;
        resolve();
      });
      child.once("close", () => resolve());
    });
    this.#monitor = undefined;
    return said.trim();
  }
}
