import { asProblem, backoffMs, type Clock, Problem, withTimeLimit } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { Alert, AlertChannel } from "./channel.ts";

/** An alert on its way. */
export interface Delivery {
  readonly alert: Alert;
  /** Called once, when it was told or given up. */
  readonly end: () => Promise<void>;
}

/** How a channel does, for `Doctor`. */
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
const tries = 4;
const retry = { firstMs: 2_000, maxMs: 60_000, factor: 5 };
/** Beyond these the oldest are given up: the newest say how things are now. */
const mostWaiting = 100;

/** Takes alerts to one channel, one at a time and in their order; nobody waits for it. */
export class Deliveries {
  readonly #channel: AlertChannel;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #signal: AbortSignal;
  readonly #queue: Delivery[] = [];
  #working: Promise<void> | undefined;
  #toldAtMs: number | undefined;
  #failedAtMs: number | undefined;
  #problem: Problem | undefined;
  #lost = 0;

  constructor(
    channel: AlertChannel,
    { clock, log, random, signal }: { clock: Clock; log: Logger; random: () => number; signal: AbortSignal },
  ) {
    this.#channel = channel;
    this.#clock = clock;
    this.#log = log;
    this.#random = random;
    this.#signal = signal;
  }

  get name(): string {
    return this.#channel.name;
  }

  get status(): ChannelStatus {
    return {
      name: this.name,
      ...(this.#toldAtMs !== undefined && { toldAtMs: this.#toldAtMs }),
      ...(this.#failedAtMs !== undefined && { failedAtMs: this.#failedAtMs }),
      ...(this.#problem && { problem: this.#problem }),
      waiting: this.#queue.length,
      lost: this.#lost,
    };
  }

  add(delivery: Delivery): void {
    this.#queue.push(delivery);
    if (this.#queue.length > mostWaiting) {
      const dropped = this.#queue.shift();
      this.#giveUp(this.#problem ?? tooMany());
      if (dropped) void this.#end(dropped);
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
    for (let next = this.#queue.shift(); next && !this.#signal.aborted; next = this.#queue.shift()) {
      const problem = await this.#tell(next.alert);
      // The next agent goes on with it.
      if (this.#signal.aborted) return;
      if (problem) this.#giveUp(problem);
      await this.#end(next);
    }
  }

  /** Why it could not be told, in all its tries. */
  async #tell(alert: Alert): Promise<Problem | undefined> {
    for (let attempt = 0; attempt < tries; attempt++) {
      const pauseMs = backoffMs(retry, attempt, this.#random());
      if (pauseMs > 0) await this.#clock.sleep(pauseMs, this.#signal).catch(() => {});
      if (this.#signal.aborted) return undefined;
      if (await this.#try(alert)) return undefined;
    }
    return this.#problem;
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
