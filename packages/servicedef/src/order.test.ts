import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dependencyOrder } from "./order.ts";

const orderOf = (dependencies: Record<string, string[]>) =>
  dependencyOrder(new Map(Object.entries(dependencies)));

describe("dependencyOrder", () => {
  it("keeps the given order where nothing depends", () => {
    expect(orderOf({ c: [], a: [], b: [] })).toEqual({ order: ["c", "a", "b"], cycles: [] });
  });

  it("moves only what something else depends on", () => {
    expect(orderOf({ web: ["api"], log: [], api: ["db"], db: [] }).order).toEqual([
      "db",
      "api",
      "web",
      "log",
    ]);
  });

  it("names every cycle, from a name back to itself", () => {
    const { cycles } = orderOf({ a: ["b"], b: ["c"], c: ["a"], x: ["y"], y: ["x"], z: ["a"], s: ["s"] });
    expect(cycles).toEqual([
      ["a", "b", "c", "a"],
      ["x", "y", "x"],
      ["s", "s"],
    ]);
  });

  it("leaves out names that are not there", () => {
    expect(orderOf({ a: ["gone"] })).toEqual({ order: ["a"], cycles: [] });
  });

  it("puts every name once, after all that it depends on, if there is no cycle", () => {
    const acyclic = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 12 }).map((rows) =>
      // Each depends only on names of lower number, then the rows are given in reverse.
      rows.map((row, n) => [`c${n}`, n === 0 ? [] : row.map((m) => `c${m % n}`)] as const).reverse(),
    );
    fc.assert(
      fc.property(acyclic, (entries) => {
        const { order, cycles } = dependencyOrder(new Map(entries));
        expect(cycles).toEqual([]);
        expect(order.toSorted()).toEqual(entries.map(([name]) => name).toSorted());
        for (const [name, needed] of entries)
          for (const each of needed) expect(order.indexOf(each)).toBeLessThan(order.indexOf(name));
      }),
    );
  });

  it("walks a long chain", () => {
    const chain = Array.from({ length: 50_000 }, (_, n) => [`c${n}`, [`c${n + 1}`]] as const);
    expect(dependencyOrder(new Map(chain)).order[0]).toBe("c49999");
  });
});
