import type { Place } from "../place.ts";
import { checkComponent } from "./component.ts";
import { checkDependencies } from "./dependencies.ts";
import { type DraftService, placedComponents } from "./draft.ts";
import { checkHealth } from "./health.ts";
import { checkKnownNames, checkPlacement, checkUniqueNames } from "./names.ts";
import { checkHostPorts, checkRoutes } from "./sharing.ts";

/** What no key can know by itself: whether the keys of a definition agree with each other. */
export function checkRules(service: DraftService, at: Place): void {
  const components = placedComponents(service, at);
  checkPlacement(service, at);
  checkUniqueNames(components);
  checkKnownNames(service, components);
  checkDependencies(components, service.components?.length ?? 0);
  checkHostPorts(components);
  checkRoutes(components);
  for (const placed of components) {
    checkComponent(placed, placed.component.runtime ?? service.runtime ?? "container");
    checkHealth(placed);
  }
}
