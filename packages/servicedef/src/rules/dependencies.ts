import { nearest } from "@mcp/base";
import { dependencyOrder } from "../order.ts";
import { type Placed, placed } from "./draft.ts";

const shownNames = 12;

/** @param written  how many components there are, also of those that could not be read. */
export function checkDependencies(components: readonly Placed[], written: number): void {
  const byName = new Map(components.map((each) => [each.component.name ?? "", each]));
  // A component whose name could not be read may be the one that is meant.
  const allNamed = components.length === written && !byName.has("");
  for (const { component, at } of components) {
    const seen = new Set<string>();
    for (const [name, place] of placed(component.dependsOn, at.key("depends_on"))) {
      if (seen.has(name)) place.wrong(`"${name}" stands here twice`);
      else if (name === component.name) place.wrong(`component "${name}" cannot depend on itself`);
      else if (!byName.has(name) && allNamed && !place.mistakes.isFull) {
        const others = [...byName.keys()].filter((other) => other !== component.name);
        const meant = nearest(name, others);
        place.wrong(
          `there is no component "${name}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`,
        );
      }
      seen.add(name);
    }
  }
  checkCycles(byName);
}

function checkCycles(byName: ReadonlyMap<string, Placed>): void {
  const dependencies = new Map(
    [...byName].map(([name, { component }]) => [
      name,
      (component.dependsOn ?? []).filter((needed) => needed !== undefined && needed !== name) as string[],
    ]),
  );
  for (const cycle of dependencyOrder(dependencies).cycles) {
    const names =
      cycle.length > shownNames ? [...cycle.slice(0, shownNames - 1), "…", ...cycle.slice(-1)] : cycle;
    byName
      .get(cycle[0] ?? "")
      ?.at.key("depends_on")
      .wrong(`the components wait for each other in a circle: ${names.join(" → ")}; take one of these out`);
  }
}
