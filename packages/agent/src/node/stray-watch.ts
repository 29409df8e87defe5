import { driftData } from "../engine/drift-data.ts";
import type { Engine } from "../engine/engine.ts";
import { lookForUnmanaged } from "../queries/unmanaged.ts";

interface Where {
  readonly service: string;
  readonly component: string;
}

const key = "strays";
const mostRead = 100;

/** Tells of what runs with labels of ours that nobody asked this agent for, and that it is gone; never touches it. */
export class StrayWatch {
  readonly #engine: Engine;
  /**
   * By name: of which service and component its labels say it is. Kept, so that what goes while no agent lives is told to be
   * gone by the next one.
   */
  #told: Map<string, Where> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async look(): Promise<void> {
    const { journal, signal } = this.#engine;
    this.#told ??= await this.#load();
    const told = this.#told;
    const { unmanaged, isComplete } = await lookForUnmanaged(this.#engine);
    if (signal.aborted) return;
    for (const { name, labels } of unmanaged) {
      if (told.has(name)) continue;
      const where = { service: labels.service, component: labels.component };
      if (!(await this.#isToldToBeThere(name, where))) {
        const data = driftData("unmanaged", undefined);
        await journal.write({ ...where, kind: "observed", text: beginOf(name, where), data });
      }
      told.set(name, where);
      await this.#keep(told);
    }
    if (!isComplete) return;
    const left = new Set(unmanaged.map(({ name }) => name));
    for (const [name, where] of told) {
      if (left.has(name)) continue;
      // An agent that was killed just then has told it, and not kept that it did.
      if (await this.#isToldToBeThere(name, where)) {
        const data = driftData(undefined, "unmanaged");
        await journal.write({ ...where, kind: "observed", text: endOf(name), data });
      }
      told.delete(name);
      await this.#keep(told);
    }
  }

  /** By its last event, of whichever agent. */
  async #isToldToBeThere(name: string, where: Where): Promise<boolean> {
    const { registry } = this.#engine.deps;
    const events = await registry.events({ ...where, limit: mostRead, newest: true });
    const begin = beginOf(name, where);
    return events.find(({ text }) => text === begin || text === endOf(name))?.text === begin;
  }

  async #load(): Promise<Map<string, Where>> {
    const text = await this.#engine.deps.registry.meta(key);
    return new Map(Object.entries(text === undefined ? {} : (JSON.parse(text) as Record<string, Where>)));
  }

  /** A disk that is full must not stop the telling. */
  async #keep(told: ReadonlyMap<string, Where>): Promise<void> {
    const { deps, signal } = this.#engine;
    await deps.registry.setMeta(key, JSON.stringify(Object.fromEntries(told))).catch((cause: unknown) => {
      if (!signal.aborted) deps.log.warn("what is unmanaged could not be kept", { cause });
    });
  }
}

const beginOf = (name: string, { service, component }: Where): string =>
  `${name} is labelled ${service}/${component}, but this agent did not start it`;

const endOf = (name: string): string => `${name}, which this agent did not start, is gone`;
