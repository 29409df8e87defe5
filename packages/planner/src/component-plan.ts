import type { PortMapping } from "@mcp/runtime";
import type { Action } from "./action.ts";
import type { ComponentGoal, Instance, ServiceGoal, Target } from "./goal.ts";
import type { Observation } from "./observation.ts";

/** What one component needs, before it is put in order with the others. */
export interface ComponentPlan {
  readonly component: string;
  readonly pull: readonly Reasoned<"pull">[];
  /** Must end before anything of this component, or anything that wants their ports, starts. */
  readonly stopBefore: readonly Stop[];
  /** What failed: it goes before what ran before it starts again, so that nothing is left of it. */
  readonly removeBefore: readonly Reasoned<"remove">[];
  readonly start: readonly Reasoned<"start">[];
  readonly stand: readonly Reasoned<"stand">[];
  /** Update start-first: they go once the new one stands. */
  readonly stopAfter: readonly Stop[];
  /** Once their successor is there to stay. */
  readonly remove: readonly Reasoned<"remove">[];
  /** Ports that what starts will hold. */
  readonly startPorts: readonly PortMapping[];
  /** The instance that carries on, by name. */
  readonly keep: readonly string[];
  readonly wakeAtMs?: number;
  readonly notes: readonly string[];
}

export interface Reasoned<Do extends Action["do"]> {
  readonly action: Extract<Action, { do: Do }>;
  readonly reason: string;
}

export interface Stop extends Reasoned<"stop"> {
  /** What is free once it has stopped. */
  readonly ports: readonly PortMapping[];
}

/** A plan in the making: the same, still open. */
export type Draft = {
  -readonly [Key in keyof ComponentPlan]: ComponentPlan[Key] extends readonly (infer Item)[] | undefined
    ? Item[]
    : ComponentPlan[Key];
};

/** All that the decisions about one component are made from. */
export interface ComponentFacts {
  readonly goal: ComponentGoal;
  readonly candidate: ServiceGoal["candidate"];
  /** Somebody wants it: it is started whatever its restart policy says. */
  readonly isAsked: boolean;
  readonly observation: Observation;
  readonly nowMs: number;
}

export const emptyDraft = (component: string): Draft => ({
  component,
  pull: [],
  stopBefore: [],
  removeBefore: [],
  start: [],
  stand: [],
  stopAfter: [],
  remove: [],
  startPorts: [],
  keep: [],
  notes: [],
});

export const stopStep = ({ name: component }: ComponentGoal, instance: Instance, reason: string): Stop => ({
  action: { do: "stop", component, instance: instance.name, graceMs: instance.graceMs },
  reason,
  ports: instance.ports,
});

export const removeStep = (
  { name: component }: ComponentGoal,
  instance: Instance,
  reason: string,
): Reasoned<"remove"> => ({ action: { do: "remove", component, instance: instance.name }, reason });

export const standStep = (
  { name: component }: ComponentGoal,
  { startPeriodMs, health }: Target,
  instance: string,
  reason: string,
): Reasoned<"stand"> => ({
  action: {
    do: "stand",
    component,
    instance,
    startPeriodMs,
    ...(health && { healthLimitMs: health.limitMs }),
  },
  reason,
});
