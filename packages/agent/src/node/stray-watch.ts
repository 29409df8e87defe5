import { driftData } from "../engine/drift-data.ts";
import type { Engine } from "../engine/engine.ts";
import { lookForUnmanaged } from "../queries/unmanaged.ts";

interface Where {
  readonly service: string;
  readonly component: string;
}

const mostRead = 100;

/** Tells of what runs with labels of ours that nobody asked this agent for, and that it is gone; never touches it. */
export class StrayWatch {
  readonly #engine: Engine;
  /** By name: of which service and component its labels say it is. */
  readonly #told = new Map<string, Where>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async look(): Promise<void> {
    const { journal, signal } = this.#engine;
    const { unmanaged, isComplete } = await lookForUnmanaged(this.#engine);
    if (signal.aborted) return;
    for (const { name, labels } of unmanaged) {
      if (this.#told.has(name)) continue;
      const where = { service: labels.service, component: labels.component };
      this.#told.set(name, where);
      if (await this.#hasBeenTold(name, where)) continue;
      const data = driftData("unmanaged", undefined);
      await journal.write({ ...where, kind: "observed", text: beginOf(name, where), data });
    }
    if (!isComplete) return;
    const left = new Set(unmanaged.map(({ name }) => name));
    for (const [name, where] of this.#told) {
      if (left.has(name)) continue;
      this.#told.delete(name);
      const data = driftData(undefined, "unmanaged");
      await journal.write({ ...where, kind: "observed", text: endOf(name), data });
    }
  }

  /** By an earlier agent, lately. */
  async #hasBeenTold(name: string, where: Where): Promise<boolean> {
    const { registry } = this.#engine.deps;
    const events = await registry.events({ ...where, limit: mostRead, newest: true });
    const begin = beginOf(name, where);
    return events.find(({ text }) => text === begin || text === endOf(name))?.text === begin;
  }
}

const beginOf = (name: string, { service, component }: Where): string =>
  `${name} is labelled ${service}/${component}, but this agent did not start it`;

const endOf = (name: string): string => `${name}, which this agent did not start, is gone`;
