import { driftData } from "../engine/drift-data.ts";
import type { Engine } from "../engine/engine.ts";
import { lookForUnmanaged } from "../queries/unmanaged.ts";

/** Tells of what runs with labels of ours that nobody asked this agent for, and that it is gone; never touches it. */
export class StrayWatch {
  readonly #engine: Engine;
  /** By name: of which service and component its labels say it is. */
  readonly #told = new Map<string, { readonly service: string; readonly component: string }>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async look(): Promise<void> {
    const { journal, signal } = this.#engine;
    const { unmanaged, isComplete } = await lookForUnmanaged(this.#engine);
    if (signal.aborted) return;
    for (const { name, labels } of unmanaged) {
      if (this.#told.has(name)) continue;
      const { service, component } = labels;
      this.#told.set(name, { service, component });
      const text = `${name} is labelled ${service}/${component}, but this agent did not start it`;
      const data = driftData("unmanaged", undefined);
      await journal.write({ service, component, kind: "observed", text, data });
    }
    if (!isComplete) return;
    const left = new Set(unmanaged.map(({ name }) => name));
    for (const [name, where] of this.#told) {
      if (left.has(name)) continue;
      this.#told.delete(name);
      const text = `${name}, which this agent did not start, is gone`;
      await journal.write({ ...where, kind: "observed", text, data: driftData(undefined, "unmanaged") });
    }
  }
}
