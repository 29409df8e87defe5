import { knownName, maxNameLength } from "../kinds/names.ts";
import type { Place } from "../place.ts";
import type { DraftService, Placed } from "./draft.ts";

export function checkPlacement(service: DraftService, at: Place): void {
  if (service.node !== undefined && service.tier !== undefined)
    at.key("tier").wrong('"node" says already where the service runs; write one of the two');
}

/**
 * Two components of one service with the same known name are always two of the same name; `a-b`/`c` and `a`/`b-c`
 * are two services, which the agent judges.
 */
export function checkUniqueNames(components: readonly Placed[]): void {
  const first = new Map<string, Place>();
  for (const { component, at } of components) {
    if (component.name === undefined) continue;
    const other = first.get(component.name);
    if (other)
      at.key("name").wrong(`"${component.name}" is the name of ${other.text} already; give this one another`);
    else first.set(component.name, at);
  }
}

export function checkKnownNames(service: DraftService, components: readonly Placed[]): void {
  if (service.name === undefined) return;
  for (const { component, at } of components) {
    if (component.name === undefined) continue;
    const known = knownName(service.name, component.name);
    if (known.length > maxNameLength)
      at.key("name").wrong(
        `the component would be known as "${known}", ${known.length} characters; a hostname has at most ${maxNameLength}: shorten the service's name or the component's`,
      );
  }
}
