import fc from "fast-check";
import { type AlertMemory, type AlertSettings, alertDefaults, type Finding } from "../../src/alert-memory.ts";
import type { AlertMessage } from "../../src/alert-message.ts";
import { decideAlerts } from "../../src/alerts.ts";
import { type Condition, conditionKey } from "../../src/condition.ts";

export const settings: AlertSettings = { ...alertDefaults, cooldownMs: 3_600_000 };

/** Nine of them, by three finders; every third is critical. */
export const conditions: readonly Finding[] = Array.from({ length: 9 }, (_, index) => {
  const service = `s${index % 3}`;
  const component = `c${index}`;
  return {
    finder: `service ${service}`,
    condition: {
      code: "unhealthy",
      service,
      component,
      subject: "",
      severity: index % 3 === 0 ? "critical" : "warning",
      title: `${service}/${component} is unhealthy`,
      text: "it does not answer",
      hint: `mcp status ${service}`,
    },
  };
});

export const keyOf = ({ condition }: Finding): string => conditionKey(condition);

export type Happening =
  | { readonly do: "begin" | "end"; readonly which: number }
  | { readonly do: "wait"; readonly ms: number }
  /** Somebody sets the clock. */
  | { readonly do: "jump"; readonly ms: number }
  /** The agent is killed; the next one looks after so long, while the clock may have been set. */
  | { readonly do: "restart"; readonly afterMs: number; readonly jumpMs: number };

const pause = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(100, 500, 1_500, 3_000, 8_000, 12_000, 45_000) },
  { weight: 2, arbitrary: fc.constantFrom(120_000, 700_000, 4_000_000) },
);
const jump = fc.constantFrom(-400 * 86_400_000, -7_200_000, -30_000, 30_000, 7_200_000, 400 * 86_400_000);

/** Anything that can happen, in any order. */
export const stories = (options: { readonly jumpsWhileDown: boolean }): fc.Arbitrary<Happening[]> => {
  const which = fc.nat({ max: conditions.length - 1 });
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant("begin" as const), which }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant("end" as const), which }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: pause }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("jump" as const), ms: jump }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant("restart" as const),
          afterMs: pause,
          jumpMs: options.jumpsWhileDown ? fc.oneof(fc.constant(0), jump) : fc.constant(0),
        }),
      },
    ),
    { maxLength: 60, size: "max" },
  );
};

export interface Heard {
  /** By a clock that nobody sets. */
  readonly atMs: number;
  readonly message: AlertMessage;
}

/** A world in which the alerts are decided as the agent does it: at each change, and when time is up. */
export class Story {
  /** One message at a time, also those of a summary. */
  readonly heard: Heard[] = [];
  /** As they were sent. */
  readonly sent: Heard[] = [];
  /** Since when what is wrong is. */
  readonly wrong = new Map<number, number>();
  readonly reported = new Set<string>();
  nowMs = 1_000_000_000;
  #offsetMs = 0;
  #memory: AlertMemory = { entries: [] };
  #lastMs: number | undefined;
  #wakeAtMs: number | undefined;

  constructor() {
    this.#reportAll();
  }

  tell(happenings: readonly Happening[]): this {
    for (const happening of happenings) this.#happen(happening);
    return this;
  }

  /** Let so much time pass. */
  wait(ms: number): this {
    const endMs = this.nowMs + ms;
    while (this.#wakeAtMs !== undefined && this.#wakeAtMs <= endMs) {
      this.nowMs = this.#wakeAtMs;
      this.#decide();
    }
    this.nowMs = endMs;
    return this;
  }

  endAll(): this {
    this.wrong.clear();
    this.#decide();
    return this;
  }

  #happen(happening: Happening): void {
    if (happening.do === "wait") this.wait(happening.ms);
    else if (happening.do === "restart") this.#restart(happening);
    else {
      if (happening.do === "jump") this.#offsetMs += happening.ms;
      else if (happening.do === "end") this.wrong.delete(happening.which);
      else if (!this.wrong.has(happening.which)) this.wrong.set(happening.which, this.nowMs);
      this.#decide();
    }
  }

  #restart({ afterMs, jumpMs }: Happening & { readonly do: "restart" }): void {
    // What survives is what a database keeps.
    this.#memory = { entries: JSON.parse(JSON.stringify(this.#memory.entries)) };
    this.#lastMs = undefined;
    this.#wakeAtMs = undefined;
    this.reported.clear();
    this.#offsetMs += jumpMs;
    this.#decide();
    this.wait(afterMs);
    this.#reportAll();
  }

  #reportAll(): void {
    for (const { finder } of conditions) {
      this.reported.add(finder);
      this.#decide();
    }
  }

  #decide(): void {
    const findings = [...this.wrong.keys()]
      .map((which) => conditions[which] as Finding)
      .filter(({ finder }) => this.reported.has(finder));
    const wallMs = this.nowMs + this.#offsetMs;
    const { messages, memory, wakeAtMs } = decideAlerts(
      { findings, reported: this.reported, unsettled: new Set() },
      this.#memory,
      settings,
      { nowMs: wallMs, ...(this.#lastMs !== undefined && { sinceLastMs: this.nowMs - this.#lastMs }) },
    );
    if (wakeAtMs !== undefined && wakeAtMs <= wallMs) throw new Error("it wants to be woken in the past");
    this.#memory = memory;
    this.#lastMs = this.nowMs;
    this.#wakeAtMs = wakeAtMs === undefined ? undefined : wakeAtMs - this.#offsetMs;
    for (const message of messages) {
      this.sent.push({ atMs: this.nowMs, message });
      for (const one of message.state === "summary" ? message.of : [message])
        this.heard.push({ atMs: this.nowMs, message: one });
    }
  }

  get remembered(): number {
    return this.#memory.entries.length;
  }

  of(key: string): Heard[] {
    return this.heard.filter(({ message }) => conditionKey(message as Condition) === key);
  }
}
