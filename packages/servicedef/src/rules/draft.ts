import type {
  ComponentDefinition,
  HealthDefinition,
  RouteDefinition,
  ServiceDefinition,
} from "../definition.ts";
import type { Place } from "../place.ts";

/*
 * What reading leaves where there were mistakes: a field is absent if it was left out or could not be read, and a list
 * has a hole for each element that could not. Rules judge drafts, so that all mistakes are told at once.
 */

type Holes<V> = V extends readonly (infer E)[] ? readonly (E | undefined)[] : V;
type Draft<T> = { readonly [F in keyof T]?: Holes<T[F]> };

export type DraftHealth = Draft<HealthDefinition>;
export type DraftRoute = Draft<RouteDefinition>;
export type DraftComponent = Omit<Draft<ComponentDefinition>, "health" | "routes"> & {
  readonly health?: DraftHealth;
  readonly routes?: readonly (DraftRoute | undefined)[];
};
export type DraftService = Omit<Draft<ServiceDefinition>, "components"> & {
  readonly components?: readonly (DraftComponent | undefined)[];
};

/** A component that could be read as far as this, and where it stands. */
export interface Placed {
  readonly component: DraftComponent;
  readonly at: Place;
}

export function placedComponents(service: DraftService, at: Place): Placed[] {
  const list = at.key("components");
  return (service.components ?? []).flatMap((component, index) =>
    component === undefined ? [] : [{ component, at: list.index(index) }],
  );
}

/** The elements of a list that could be read, with their places. */
export function* placed<E>(list: readonly (E | undefined)[] | undefined, at: Place): Generator<[E, Place]> {
  for (const [index, element] of (list ?? []).entries())
    if (element !== undefined) yield [element, at.index(index)];
}

/** What to call a component in a message about another one. */
export const called = ({ component, at }: Placed): string =>
  component.name === undefined ? at.text : `component "${component.name}"`;
