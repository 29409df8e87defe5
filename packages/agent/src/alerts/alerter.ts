import {
  type AlertMemory,
  type AlertMessage,
  type AlertSettings,
  alertDefaults,
  conditionKey,
  decideAlerts,
  type Remembered,
} from "@mcp/planner";
import type { AlertDelivery } from "@mcp/registry";
import type { Engine } from "../engine/engine.ts";
import type { NewEvent } from "../engine/journal.ts";
import { WakeableWait } from "../engine/wakeable-wait.ts";
import { type AlertChannel, headline } from "./channel.ts";
import { type ChannelStatus, Deliveries } from "./deliveries.ts";
import { fromStored, messageFromStored, messageToStored, toStored } from "./stored.ts";

export interface AlertOptions {
  readonly channels: readonly AlertChannel[];
  readonly settings: AlertSettings;
}

/** Between two decisions. */
const pauseMs = 200;

/**
 * Tells people what is wrong: decides anew whenever that changes or time is up, keeps what it decided, then hands the
 * messages to the channels. Nothing waits for it, and whatever fails in it stops nothing else.
 */
export class Alerter {
  readonly #engine: Engine;
  readonly #settings: AlertSettings;
  readonly #channels: readonly Deliveries[];
  #memory: AlertMemory = { entries: [] };
  /** By key: what the registry has, as JSON. */
  #kept = new Map<string, string>();
  #decidedAtMs: number | undefined;
  readonly #pause = new WakeableWait();
  #hasChanged = true;

  constructor(
    engine: Engine,
    { channels, settings }: AlertOptions = { channels: [], settings: alertDefaults },
  ) {
    this.#engine = engine;
    this.#settings = settings;
    const { clock, random } = engine.deps;
    const log = engine.deps.log.child({ part: "alerts" });
    this.#channels = channels.map(
      (channel) =>
        new Deliveries(channel, {
          clock,
          random,
          log,
          signal: engine.signal,
          onTurn: (status) => engine.journal.write(turnOf(status)),
        }),
    );
  }

  get channels(): readonly ChannelStatus[] {
    return this.#channels.map(({ status }) => status);
  }

  /** Runs until the engine ends. */
  async run(): Promise<void> {
    const { conditions, signal, deps } = this.#engine;
    const unsubscribe = conditions.changes.subscribe(() => {
      this.#hasChanged = true;
      this.#pause.wake();
    });
    try {
      await this.#restore();
      while (!signal.aborted) {
        this.#hasChanged = false;
        const againInMs = await this.#decide().catch((cause: unknown): undefined => {
          if (!signal.aborted) deps.log.error("alerts could not be decided", { cause });
        });
        if (!this.#hasChanged) await this.#pause.wait(deps.clock, againInMs, signal);
        // Nothing is told sooner than that anyway, and a thousand changes are one decision.
        if (this.#hasChanged) await deps.clock.sleep(pauseMs, signal).catch(() => {});
      }
    } finally {
      unsubscribe();
    }
    await Promise.all(this.#channels.map((channel) => channel.idle()));
  }

  /** What an earlier life told, and what it had still to tell. */
  async #restore(): Promise<void> {
    const { registry, log } = this.#engine.deps;
    try {
      const records = await registry.alerts();
      this.#memory = { entries: records.flatMap(({ content }) => fromStored(content)) };
      this.#kept = new Map(records.map(({ key, content }) => [key, JSON.stringify(content)]));
      for (const delivery of await registry.alertDeliveries()) await this.#resume(delivery);
    } catch (cause) {
      if (!this.#engine.signal.aborted) log.error("what was told of alerts could not be read", { cause });
    }
  }

  async #resume({ id, channel: name, message: content }: AlertDelivery): Promise<void> {
    const message = messageFromStored(content);
    const channel = this.#channels.find((each) => each.name === name);
    if (channel && message) {
      this.#hand(channel, message, id);
      this.#memory = withTold(this.#memory, message, channel.id);
    } else await this.#engine.deps.registry.endAlertDelivery(id);
  }

  /** In how many ms to decide again, if nothing changes. */
  async #decide(): Promise<number | undefined> {
    const { conditions, deps, signal } = this.#engine;
    const reported = await this.#reported();
    const [nowMs, monotonicMs] = [deps.clock.now(), deps.clock.monotonic()];
    const sinceLastMs = this.#decidedAtMs === undefined ? undefined : monotonicMs - this.#decidedAtMs;
    const { messages, memory, wakeAtMs } = decideAlerts(
      { findings: conditions.findings(), reported, unsettled: conditions.unsettled },
      this.#memory,
      this.#settings,
      { nowMs, ...(sinceLastMs !== undefined && { sinceLastMs }) },
      this.#channels.map(({ id }) => id),
    );
    if (signal.aborted) return undefined;
    const ids = await this.#keep(memory.entries, messages);
    // The next agent goes on with what was kept.
    if (signal.aborted) return undefined;
    this.#memory = memory;
    this.#decidedAtMs = monotonicMs;
    for (const message of messages) await this.#tell(message, ids);
    return wakeAtMs === undefined ? undefined : wakeAtMs - nowMs;
  }

  /** Of a service that is not there any more nothing is wrong, though nobody looks at it. */
  async #reported(): Promise<ReadonlySet<string>> {
    const { conditions, deps } = this.#engine;
    const { reported } = conditions;
    const orphans = this.#memory.entries.filter(
      ({ finder, overSinceMs, condition }) =>
        overSinceMs === undefined && condition.service !== "" && !reported.has(finder),
    );
    if (orphans.length === 0) return reported;
    const services = await deps.registry.services().catch(() => undefined);
    if (!services) return reported;
    const there = new Set(services.map(({ name }) => name));
    const gone = orphans.filter(({ condition }) => !there.has(condition.service));
    return new Set([...reported, ...gone.map(({ finder }) => finder)]);
  }

  /**
   * Write down what changed, and for each channel what it has to tell, in one go. A disk that is full is one of the
   * things to be told, so what cannot be kept is told all the same, and kept later.
   *
   * @returns by channel the ids of its deliveries, in the order of the messages; empty if nothing could be kept
   */
  async #keep(
    entries: readonly Remembered[],
    messages: readonly AlertMessage[],
  ): Promise<ReadonlyMap<string, number[]>> {
    const { registry, log } = this.#engine.deps;
    const now = new Map(entries.map((entry) => [entry.key, toStored(entry)]));
    const set = [...now]
      .filter(([key, content]) => this.#kept.get(key) !== JSON.stringify(content))
      .map(([key, content]) => ({ key, content }));
    const remove = [...this.#kept.keys()].filter((key) => !now.has(key));
    const deliveries = messages.flatMap((message) =>
      this.#channelsFor(message).map(({ name }) => ({ channel: name, message: messageToStored(message) })),
    );
    if (set.length === 0 && remove.length === 0 && deliveries.length === 0) return new Map();
    try {
      const kept = await registry.changeAlerts({ set, remove, deliveries });
      this.#kept = new Map([...now].map(([key, content]) => [key, JSON.stringify(content)]));
      const byChannel = Map.groupBy(kept, ({ channel }) => channel);
      return new Map([...byChannel].map(([name, some]) => [name, some.map(({ id }) => id)]));
    } catch (cause) {
      log.error("what is told of alerts could not be kept", { cause });
      return new Map();
    }
  }

  #channelsFor({ to }: AlertMessage): readonly Deliveries[] {
    return to ? this.#channels.filter(({ id }) => to.includes(id)) : this.#channels;
  }

  async #tell(message: AlertMessage, ids: ReadonlyMap<string, number[]>): Promise<void> {
    const { deps, journal } = this.#engine;
    for (const channel of this.#channelsFor(message))
      this.#hand(channel, message, ids.get(channel.name)?.shift());
    const { service, component } = message;
    await journal.write({ service, component, kind: "alert", text: headline({ node: deps.node, message }) });
  }

  #hand(channel: Deliveries, message: AlertMessage, id: number | undefined): void {
    const { node, registry } = this.#engine.deps;
    channel.add({
      alert: { node, message },
      end: async () => {
        if (id !== undefined) await registry.endAlertDelivery(id);
      },
    });
  }
}

/** What is still on its way to a channel that was not there when it was told, as after a correction of its address, need not be told twice. */
function withTold(memory: AlertMemory, message: AlertMessage, channel: string): AlertMemory {
  const parts = message.state === "summary" ? message.of : [message];
  const keys = new Set(
    parts.flatMap((part) =>
      part.state === "recovered" || part.code === "several" || part.code === "test"
        ? []
        : [conditionKey({ ...part, code: part.code })],
    ),
  );
  const entries = memory.entries.map((entry) =>
    entry.toldTo && keys.has(entry.key) && !entry.toldTo.includes(channel)
      ? { ...entry, toldTo: [...entry.toldTo, channel] }
      : entry,
  );
  return { ...memory, entries };
}

const turnOf = ({ name, problem }: ChannelStatus): NewEvent =>
  problem
    ? { service: "", kind: "alerts_failing", text: `alerts by ${name} fail: ${problem.message}` }
    : { service: "", kind: "alerts_back", text: `alerts by ${name} are told again` };
