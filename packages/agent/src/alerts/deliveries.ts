import { asProblem, backoffMs, type Clock, Problem, withTimeLimit } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { Alert, AlertChannel } from "./channel.ts";
import { type Delivery, nextOf, surplusOf, type Waiting } from "./waiting.ts";

/** How a channel does, for `Doctor` and `NodeStatus`. */
export interface ChannelStatus {
  readonly name: string;
  /** When it last told something, and when it last gave up; absent if it never did since the agent started. */
  readonly toldAtMs?: number;
  readonly failedAtMs?: number;
  /** Why the last try failed, unless one has gone well since. */
  readonly problem?: Problem;
  readonly waiting: number;
  /** Given up since the agent started. */
  readonly lost: number;
}

/** Longer than any channel's own: only one that does not keep its limit meets it. */
const timeLimitMs = 60_000;
/** Between two tries of a channel that fails. */
const retry = { firstMs: 2_000, maxMs: 60_000, factor: 5 };
/** Until an alert is given up: a network that comes late, or a mail server that is mended, finds it still there. */
const giveUpAfterMs = 3_600_000;
/** Beyond these what is over is given up, else the oldest: the newest say how things are now. */
const mostWaiting = 100;

export interface DeliveryDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Called when it begins to fail, and when one has gone well after that. */
  readonly onTurn: (status: ChannelStatus) => Promise<void>;
}

/** Takes alerts to one channel, one at a time, and those about one thing in their order; nobody waits for it. */
export class Deliveries {
  readonly #channel: AlertChannel;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #signal: AbortSignal;
  readonly #onTurn: (status: ChannelStatus) => Promise<void>;
  /** Oldest first. */
  #waiting: readonly Waiting[] = [];
  /** That one is being told just now. */
  #trying: Delivery | undefined;
  #failuresInARow = 0;
  #working: Promise<void> | undefined;
  #toldAtMs: number | undefined;
  #failedAtMs: number | undefined;
  #problem: Problem | undefined;
  #lost = 0;

  constructor(channel: AlertChannel, { clock, log, random, signal, onTurn }: DeliveryDeps) {
    this.#channel = channel;
    this.#clock = clock;
    this.#log = log;
    this.#random = random;
    this.#signal = signal;
    this.#onTurn = onTurn;
  }

  get name(): string {
    return this.#channel.name;
  }

  /** Of which target is known what it was told. */
  get id(): string {
    const { name, target } = this.#channel;
    return target === undefined ? name : `${name} ${target}`;
  }

  get status(): ChannelStatus {
    return {
      name: this.name,
      ...(this.#toldAtMs !== undefined && { toldAtMs: this.#toldAtMs }),
      ...(this.#failedAtMs !== undefined && { failedAtMs: this.#failedAtMs }),
      ...(this.#problem && { problem: this.#problem }),
      waiting: this.#waiting.length,
      lost: this.#lost,
    };
  }

  add(delivery: Delivery): void {
    this.#waiting = [...this.#waiting, { delivery, sinceMs: this.#clock.monotonic(), tries: 0 }];
    if (this.#waiting.length > mostWaiting) {
      const others = this.#waiting.filter((one) => one.delivery !== this.#trying);
      for (const { delivery: dropped } of surplusOf(others)) {
        this.#remove(dropped);
        this.#giveUp(this.#problem ?? tooMany());
        void this.#end(dropped);
      }
    }
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when nothing is on its way, which after the agent's end is soon. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    for (let next = nextOf(this.#waiting); next; next = nextOf(this.#waiting)) {
      const { delivery, sinceMs, tries } = next;
      this.#trying = delivery;
      const hadProblem = this.#problem !== undefined;
      const wasTold = await this.#try(delivery.alert);
      this.#trying = undefined;
      // The next agent goes on with it.
      if (this.#signal.aborted) return;
      if ((this.#problem !== undefined) !== hadProblem) await this.#onTurn(this.status);
      this.#failuresInARow = wasTold ? 0 : this.#failuresInARow + 1;
      if (wasTold || this.#clock.monotonic() - sinceMs >= giveUpAfterMs) {
        this.#remove(delivery);
        if (!wasTold) this.#giveUp(this.#problem ?? tooMany());
        await this.#end(delivery);
      } else
        this.#waiting = this.#waiting.map((one) =>
          one.delivery === delivery ? { ...one, tries: tries + 1 } : one,
        );
      if (wasTold || this.#waiting.length === 0) continue;
      const pauseMs = backoffMs(retry, this.#failuresInARow, this.#random());
      await this.#clock.sleep(pauseMs, this.#signal).catch(() => {});
      if (this.#signal.aborted) return;
    }
  }

  #remove(delivery: Delivery): void {
    this.#waiting = this.#waiting.filter((one) => one.delivery !== delivery);
  }

  /** Whether it was told. */
  async #try(alert: Alert): Promise<boolean> {
    const silent = (): Problem =>
      new Problem(
        "alert_failed",
        `${this.name} did not end within ${timeLimitMs / 1_000} s`,
        "see: mcp-agent test-alert --config FILE",
      );
    try {
      this.#problem = await withTimeLimit(this.#clock, timeLimitMs, this.#signal, silent, (signal) =>
        this.#channel.send(alert, signal),
      );
      this.#toldAtMs = this.#clock.now();
      if (this.#problem) this.#warn("an alert could not be told to everybody", this.#problem);
      return true;
    } catch (thrown) {
      if (this.#signal.aborted) return false;
      this.#problem = asProblem(thrown);
      this.#warn("an alert could not be told", this.#problem);
      return false;
    }
  }

  #warn(what: string, problem: Problem): void {
    const cause = problem.code === "internal" ? { cause: problem.cause } : {};
    this.#log.warn(what, { channel: this.name, problem: problem.toJSON(), ...cause });
  }

  #giveUp(problem: Problem): void {
    this.#problem = problem;
    this.#failedAtMs = this.#clock.now();
    this.#lost++;
    this.#log.error("an alert was given up", { channel: this.name, problem: problem.toJSON() });
  }

  async #end(delivery: Delivery): Promise<void> {
    await delivery.end().catch((cause: unknown) => {
      // It may be told once more by the next agent.
      this.#log.warn("the end of an alert's delivery could not be recorded", { channel: this.name, cause });
    });
  }
}

const tooMany = (): Problem =>
  new Problem(
    "alert_failed",
    `more than ${mostWaiting} alerts wait to be told`,
    "see: mcp-agent test-alert --config FILE",
  );
