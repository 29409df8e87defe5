import type { Clock } from "@mcp/base";

type Lane = "quick" | "slow";

/** How many may be under way at once, in each lane; the sum is the most that there ever are. */
export type TurnLimits = Readonly<Record<Lane, { readonly inAll: number; readonly perService: number }>>;

interface Waiting {
  readonly service: string;
  readonly begin: () => void;
}

/**
 * Whose turn it is to be asked, so that checks that hang cost those of other services nothing. What has taken long is
 * waiting, and not working: it hands its quick place on, and has a slow one from the beginning the next time. So what hangs
 * again and again takes no quick place at all. In each lane the services take turns, and none has all places.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #limits: TurnLimits;
  readonly #underWay = { quick: new Map<string, number>(), slow: new Map<string, number>() };
  /** By service, the one that was served last at the end. */
  readonly #waiting = { quick: new Map<string, Waiting[]>(), slow: new Map<string, Waiting[]>() };
  /** What should be in the slow lane, and found no place there. */
  readonly #overdue = new Set<() => void>();

  constructor(clock: Clock, limits: TurnLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * Do it when its turn comes. It must end by a time limit of its own.
   *
   * @param of.wasSlow  it took long the last time.
   * @param of.slowAfterMs  what takes as long as this takes long.
   * @returns what came of it, and whether it has taken long.
   */
  async take<T>(
    service: string,
    of: { readonly wasSlow: boolean; readonly slowAfterMs: number },
    work: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly isSlow: boolean }> {
    let lane: Lane = of.wasSlow ? "slow" : "quick";
    await new Promise<void>((begin) => this.#enqueue(lane, { service, begin }));
    const beganMs = this.#clock.monotonic();
    const ended = new AbortController();
    const move = (): void => {
      if (!this.#hasPlace("slow", service)) return;
      this.#overdue.delete(move);
      this.#count("slow", service, +1);
      lane = "slow";
      this.#free("quick", service);
    };
    if (lane === "quick")
      this.#clock.sleep(of.slowAfterMs, ended.signal).then(
        () => {
          if (ended.signal.aborted) return;
          this.#overdue.add(move);
          move();
        },
        () => {},
      );
    try {
      const result = await work();
      return { result, isSlow: this.#clock.monotonic() - beganMs >= of.slowAfterMs };
    } finally {
      ended.abort();
      this.#overdue.delete(move);
      this.#free(lane, service);
    }
  }

  #enqueue(lane: Lane, waiting: Waiting): void {
    const ofService = this.#waiting[lane].get(waiting.service);
    if (ofService) ofService.push(waiting);
    else this.#waiting[lane].set(waiting.service, [waiting]);
    this.#serve(lane);
  }

  #free(lane: Lane, service: string): void {
    this.#count(lane, service, -1);
    if (lane === "slow") for (const move of [...this.#overdue]) move();
    this.#serve(lane);
  }

  #serve(lane: Lane): void {
    const waiting = this.#waiting[lane];
    for (let wasServed = true; wasServed; ) {
      const service = [...waiting.keys()].find((one) => this.#hasPlace(lane, one));
      const queue = waiting.get(service ?? "");
      const next = queue?.shift();
      wasServed = next !== undefined;
      if (service === undefined || !queue || !next) continue;
      waiting.delete(service);
      if (queue.length > 0) waiting.set(service, queue);
      this.#count(lane, service, +1);
      next.begin();
    }
  }

  #hasPlace(lane: Lane, service: string): boolean {
    const { inAll, perService } = this.#limits[lane];
    const counts = [...this.#underWay[lane].values()];
    const all = counts.reduce((sum, count) => sum + count, 0);
    return all < inAll && (this.#underWay[lane].get(service) ?? 0) < perService;
  }

  #count(lane: Lane, service: string, by: 1 | -1): void {
    const count = (this.#underWay[lane].get(service) ?? 0) + by;
    if (count > 0) this.#underWay[lane].set(service, count);
    else this.#underWay[lane].delete(service);
  }
}
