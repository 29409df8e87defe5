import { asProblem, type Clock, printDuration, withTimeLimit } from "@mcp/base";
import type { Logger } from "@mcp/host";
import {
  afterCheck,
  type CheckResult,
  firstHealth,
  type Health,
  type HealthRecord,
  type Moment,
  nextCheckInMs,
  toldHealth,
} from "@mcp/planner";
import { Broadcast } from "../engine/broadcast.ts";
import { ask, type Watched } from "./ask.ts";
import { type TurnLimits, Turns } from "./turns.ts";

export interface HealthChange {
  readonly service: string;
  readonly instance: string;
  /** Another state, and not only other words. */
  readonly isTurn: boolean;
}

/** Beyond the quick ones more only compete: the checks of a thousand components come at random moments. */
const checksAtOnce: TurnLimits = {
  quick: { inAll: 32, perService: 24 },
  slow: { inAll: 96, perService: 32 },
};
/** Each is a process that podman makes. */
const execsAtOnce: TurnLimits = { quick: { inAll: 4, perService: 3 }, slow: { inAll: 28, perService: 4 } };
/** What has not answered by then is not about to, and costs no more than to wait. */
const slowAfterMs = 1_000;
/** A start that is stamped so much later is another one. One that is earlier is the same: its runtime's own stamp. */
const stampsDifferMs = 1_000;
/** For what takes its own time limit, before it is given up all the same. */
const slackMs = 5_000;

interface Monitored {
  watched: Watched;
  /** As it was told when this one was begun. */
  readonly startedAtMs: number | undefined;
  record: HealthRecord;
  /** Its last check took long. */
  wasSlow: boolean;
  readonly runsSinceMs: number;
  readonly ended: AbortController;
}

/** Asks every instance that has a health check how it is, each in a loop of its own, and keeps what they say. */
export class HealthMonitor {
  /** What is told of an instance has changed. */
  readonly changes = new Broadcast<HealthChange>();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: Logger;
  readonly #monitored = new Map<string, Monitored>();
  readonly #ofService = new Map<string, Set<string>>();
  readonly #turns: Turns;
  readonly #execTurns: Turns;
  #isClosed = false;

  constructor(clock: Clock, random: () => number, log: Logger) {
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#turns = new Turns(clock, checksAtOnce);
    this.#execTurns = new Turns(clock, execsAtOnce);
  }

  /** How an instance is; undefined while nobody knows, and where nobody asks. */
  of(instance: string): Health | undefined {
    const monitored = this.#monitored.get(instance);
    return monitored && toldHealth(monitored.record);
  }

  /**
   * Ask exactly these of a service from now on.
   *
   * @param unseen  of which nobody knows at present whether they run: those that are asked are asked on.
   */
  keep(service: string, watched: readonly Watched[], unseen: ReadonlySet<string> = new Set()): void {
    const known = this.#ofService.get(service);
    if (known) {
      const wanted = new Set(watched.map(({ instance }) => instance));
      for (const instance of known) if (!wanted.has(instance) && !unseen.has(instance)) this.forget(instance);
    }
    for (const each of watched) this.begin(each);
  }

  /** Ask this one too; nothing changes if this life of it is asked already, and in the same way. */
  begin(watched: Watched): void {
    const known = this.#monitored.get(watched.instance);
    if (this.#isClosed || (known && isSameCheck(known.watched, watched) && isSameLife(known, watched))) {
      if (known) known.watched = watched;
      return;
    }
    this.forget(watched.instance);
    const { startedAtMs, isOnTrial, check, service, instance } = watched;
    const nowMs = this.#clock.now();
    // What has passed is taken from the wall clock once; from here on counts the clock that cannot jump.
    const ranForMs = Math.max(0, nowMs - (startedAtMs ?? nowMs));
    const runsSinceMs = this.#clock.monotonic() - ranForMs;
    const record = firstHealth(this.#moment(runsSinceMs), !isOnTrial && ranForMs > check.startPeriodMs);
    const ended = new AbortController();
    const monitored: Monitored = { watched, startedAtMs, record, wasSlow: false, runsSinceMs, ended };
    this.#monitored.set(instance, monitored);
    this.#ofService.set(service, (this.#ofService.get(service) ?? new Set()).add(instance));
    void this.#run(monitored);
  }

  /** It has ended, or is about to: what was known of it says nothing of its next life. */
  forget(instance: string): void {
    const known = this.#monitored.get(instance);
    if (!known) return;
    known.ended.abort();
    this.#monitored.delete(instance);
    const { service } = known.watched;
    const siblings = this.#ofService.get(service);
    siblings?.delete(instance);
    if (siblings?.size === 0) this.#ofService.delete(service);
  }

  close(): void {
    this.#isClosed = true;
    for (const instance of [...this.#monitored.keys()]) this.forget(instance);
    this.changes.close();
  }

  async #run(monitored: Monitored): Promise<void> {
    const { signal } = monitored.ended;
    while (!signal.aborted) {
      const pauseMs = nextCheckInMs(monitored.record, monitored.watched.check, this.#random());
      if (pauseMs > 0) await this.#clock.sleep(pauseMs, signal).catch(() => {});
      if (signal.aborted) return;
      const { service, check } = monitored.watched;
      const turns = check.probe.kind === "exec" ? this.#execTurns : this.#turns;
      const { result, isSlow } = await turns.take(
        service,
        { wasSlow: monitored.wasSlow, slowAfterMs: Math.min(slowAfterMs, check.timeoutMs) },
        () => this.#check(monitored.watched, signal),
      );
      monitored.wasSlow = isSlow;
      if (!signal.aborted) this.#note(monitored, result);
    }
  }

  #note(monitored: Monitored, result: CheckResult): void {
    const { watched, record, runsSinceMs } = monitored;
    const { service, instance, check } = watched;
    const before = toldHealth(record);
    monitored.record = afterCheck(record, result, check, this.#moment(runsSinceMs));
    const now = toldHealth(monitored.record);
    const isTurn = before?.state !== now?.state;
    if (isTurn || before?.text !== now?.text) this.changes.send({ service, instance, isTurn });
  }

  async #check(watched: Watched, signal: AbortSignal): Promise<CheckResult> {
    if (signal.aborted) return { passed: false, text: "" };
    const { instance, check } = watched;
    const limitMs = check.timeoutMs + (check.probe.kind === "exec" ? slackMs : 0);
    const late = { passed: false, text: `it did not answer within ${printDuration(check.timeoutMs)}` };
    try {
      return await withTimeLimit(
        this.#clock,
        limitMs,
        signal,
        () => late,
        (limited) => ask(watched, this.#clock, limited),
      );
    } catch (thrown) {
      if (thrown === late) return late;
      const problem = asProblem(thrown);
      if (problem.code === "internal" && !signal.aborted)
        this.#log.error("a health check met a bug", { instance, cause: problem.cause ?? thrown });
      return { passed: false, text: problem.message };
    }
  }

  #moment(runsSinceMs: number): Moment {
    return { nowMs: this.#clock.now(), monotonicMs: this.#clock.monotonic(), runsSinceMs };
  }
}

/** A revision that was read once is the same object, so that this is cheap where nothing changed. */
const isSameCheck = (a: Watched, b: Watched): boolean =>
  a.check === b.check || JSON.stringify(a.check) === JSON.stringify(b.check);

/** Started anew by somebody else, between two looks, it may be as well as it likes: nothing is known of it. */
const isSameLife = (known: Monitored, { startedAtMs }: Watched): boolean =>
  known.startedAtMs === undefined ||
  startedAtMs === undefined ||
  startedAtMs <= known.startedAtMs + stampsDifferMs;
