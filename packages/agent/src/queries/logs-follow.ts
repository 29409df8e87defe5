import type { InstanceRecord } from "@mcp/registry";
import type { LogOptions, RuntimeKind } from "@mcp/runtime";
import { AsyncQueue } from "../engine/async-queue.ts";
import type { Engine } from "../engine/engine.ts";
import { type ComponentLogLine, isLost, startedOnes } from "./logs.ts";

export interface Followed {
  readonly service: string;
  /** All of them if undefined. */
  readonly component: string | undefined;
}

/** How many lines may wait for a slow reader before the sources are held back. */
const mostWaiting = 1_000;

/**
 * What the instances of a service write, those there are and those that are started later, until there is no such service
 * or component any more. `options` choose among what is there when it begins; what begins later is read whole.
 */
export async function* followLogs(
  engine: Engine,
  followed: Followed,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<ComponentLogLine, void> {
  const ending = new AbortController();
  const joined = AbortSignal.any([signal, engine.signal, ending.signal]);
  const follower = new Follower(engine, followed, options, joined);
  joined.addEventListener("abort", () => follower.lines.end(engine.signal.reason), { once: true });
  // From before the first look, so that no start falls between.
  const unsubscribe = engine.runtimeEvents.subscribe(({ name, what }) => {
    if (what === "started") follower.noteStart(name);
  });
  void follower.lookOnNews();
  follower.look();
  try {
    yield* follower.lines;
  } finally {
    unsubscribe();
    ending.abort();
  }
}

/** An instance, and how far its log was read. */
interface Source {
  readonly record: InstanceRecord;
  /** It was there when following began. */
  readonly wasThere: boolean;
  /** The start that the registry knew when reading began. */
  startedAtMs: number | undefined;
  isBeingRead: boolean;
  /** It was seen to start while it was being read: the reading may end with the start before. */
  hasStartedAgain: boolean;
  /** The latest time of a line that was read, and how many lines of that very time were. */
  lastAtMs: number | undefined;
  linesThen: number;
}

class Follower {
  readonly lines = new AsyncQueue<ComponentLogLine>();
  readonly #engine: Engine;
  readonly #followed: Followed;
  readonly #options: LogOptions;
  readonly #signal: AbortSignal;
  readonly #sources = new Map<string, Source>();
  readonly #beganAtMs: number;
  /** Instances that are there when it begins are read as the options say, until the first look is over. */
  #hasBegun = false;
  #isLooking = false;
  #mustLookAgain = false;
  #isGone = false;

  constructor(engine: Engine, followed: Followed, options: LogOptions, signal: AbortSignal) {
    this.#engine = engine;
    this.#followed = followed;
    this.#options = options;
    this.#signal = signal;
    this.#beganAtMs = engine.deps.clock.now();
  }

  /** Whatever is written down of the service may be a start, or its end. */
  async lookOnNews(): Promise<void> {
    try {
      for await (const { service } of this.#engine.journal.listen(this.#signal))
        if (service === this.#followed.service) this.look();
    } catch (thrown) {
      this.lines.end(thrown);
    }
  }

  /** Also one that somebody started by hand, which the registry does not write down. */
  noteStart(instance: string): void {
    const source = this.#sources.get(instance);
    if (!source) return;
    source.hasStartedAgain = true;
    if (!source.isBeingRead) this.#read(source);
  }

  /** Begin to read what has started since the last look. */
  look(): void {
    this.#mustLookAgain = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#lookWhileNeeded()
      .catch((thrown: unknown) => this.lines.end(thrown))
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #lookWhileNeeded(): Promise<void> {
    while (this.#mustLookAgain && !this.#signal.aborted) {
      this.#mustLookAgain = false;
      await this.#lookOnce();
    }
  }

  async #lookOnce(): Promise<void> {
    const { service, component } = this.#followed;
    const record = await this.#engine.deps.registry.service(service);
    const instances = startedOnes(record?.instances ?? [], component);
    for (const instance of instances) {
      const source = this.#sources.get(instance.name) ?? this.#add(instance);
      if (source.isBeingRead || source.startedAtMs === instance.startedAtMs) continue;
      source.startedAtMs = instance.startedAtMs;
      this.#read(source);
    }
    this.#hasBegun = true;
    const names = new Set(record?.instances.map(({ name }) => name));
    for (const [name, { isBeingRead }] of this.#sources)
      if (!isBeingRead && !names.has(name)) this.#sources.delete(name);
    this.#isGone =
      !record || (component !== undefined && !record.components.some(({ name }) => name === component));
    this.#endIfGone();
  }

  #add(record: InstanceRecord): Source {
    const source: Source = {
      record,
      wasThere: !this.#hasBegun,
      startedAtMs: undefined,
      isBeingRead: false,
      hasStartedAgain: false,
      lastAtMs: undefined,
      linesThen: 0,
    };
    this.#sources.set(record.name, source);
    return source;
  }

  #endIfGone(): void {
    if (this.#isGone && ![...this.#sources.values()].some(({ isBeingRead }) => isBeingRead)) this.lines.end();
  }

  #read(source: Source): void {
    source.isBeingRead = true;
    source.hasStartedAgain = false;
    const options = this.#optionsFor(source);
    this.#readToEnd(source, options)
      .catch((thrown: unknown) => {
        // It may have been removed meanwhile: what it wrote is gone with it.
        if (!isLost(thrown) && !this.#signal.aborted) this.lines.end(thrown);
      })
      .finally(() => {
        source.isBeingRead = false;
        if (source.hasStartedAgain && !this.#signal.aborted) this.#read(source);
        else this.look();
      });
  }

  /** A log that was read before goes on where that ended: an instance that is started again keeps its log. */
  #optionsFor({ lastAtMs, wasThere }: Source): LogOptions {
    if (lastAtMs !== undefined) return { follow: true, sinceMs: lastAtMs };
    if (!wasThere) return { follow: true };
    return this.#hasBegun ? { follow: true, sinceMs: this.#beganAtMs } : this.#options;
  }

  async #readToEnd(source: Source, options: LogOptions): Promise<void> {
    const { name: instance, component, kind } = source.record;
    const { runtime } = this.#engine.runtimes.require(kind as RuntimeKind);
    let alreadyRead = source.linesThen;
    for await (const line of runtime.logs(instance, options, this.#signal)) {
      if (line.atMs === source.lastAtMs && alreadyRead-- > 0) continue;
      alreadyRead = 0;
      noteRead(source, line.atMs);
      this.lines.push({ ...line, component, instance });
      while (this.lines.length > mostWaiting && !this.#signal.aborted) await this.lines.drained();
    }
  }
}

function noteRead(source: Source, atMs: number): void {
  if (source.lastAtMs !== undefined && atMs < source.lastAtMs) return;
  source.linesThen = atMs === source.lastAtMs ? source.linesThen + 1 : 1;
  source.lastAtMs = atMs;
}
