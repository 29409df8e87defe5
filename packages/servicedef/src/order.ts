/** What depends on what, by name. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

export interface Ordering {
  /** As given, except that what a name depends on comes before it. */
  readonly order: readonly string[];
  /** Each begins and ends with the same name. Without any, `order` is right. */
  readonly cycles: readonly (readonly string[])[];
}

const maxCycles = 10;

/**
 * Dependency order by a depth-first walk: a name is done once all that it depends on is. Meeting a name again that is
 * still on the way closes a cycle. The way is a list and not the call stack, since a hostile definition is one long chain.
 */
export function dependencyOrder(dependencies: Dependencies): Ordering {
  const state = new Map<string, "on the way" | "done">();
  const order: string[] = [];
  const cycles: string[][] = [];
  for (const start of dependencies.keys()) {
    if (state.has(start)) continue;
    const way = [{ name: start, next: 0 }];
    state.set(start, "on the way");
    for (let step = way.at(-1); step !== undefined; step = way.at(-1)) {
      const needed = dependencies.get(step.name)?.[step.next++];
      if (needed === undefined) {
        state.set(step.name, "done");
        order.push(step.name);
        way.pop();
      } else if (state.get(needed) === "on the way") {
        const names = way.map(({ name }) => name);
        if (cycles.length < maxCycles) cycles.push([...names.slice(names.indexOf(needed)), needed]);
      } else if (!state.has(needed) && dependencies.has(needed)) {
        state.set(needed, "on the way");
        way.push({ name: needed, next: 0 });
      }
    }
  }
  return { order, cycles };
}
