import type {
  Action,
  ComponentGoal,
  Health,
  Instance,
  Observation,
  Plan,
  ServiceGoal,
  Sighting,
  Step,
} from "@mcp/planner";
import { demand } from "./demand.ts";

export interface Case {
  readonly goal: ServiceGoal;
  readonly observation: Observation;
  readonly plan: Plan;
  readonly nowMs: number;
}

/** A plan with what the laws ask about it. */
export class View {
  readonly goal: ServiceGoal;
  readonly plan: Plan;
  readonly nowMs: number;
  readonly observation: Observation;
  readonly #before: bigint[] = [0n];

  constructor({ goal, observation, plan, nowMs }: Case) {
    this.goal = goal;
    this.observation = observation;
    this.plan = plan;
    this.nowMs = nowMs;
    for (const { number, after } of plan.steps)
      this.#before[number] = after.reduce(
        (all, other) => all | (this.#before[other] ?? 0n) | (1n << BigInt(other)),
        0n,
      );
  }

  /** Whether `first` is over before `then` begins, in whatever order the steps are taken. */
  isBefore(first: Step, then: Step): boolean {
    return ((this.#before[then.number] ?? 0n) & (1n << BigInt(first.number))) !== 0n;
  }

  steps<Do extends Action["do"]>(...kinds: Do[]): (Step & { action: Extract<Action, { do: Do }> })[] {
    return this.plan.steps.filter(({ action }) => kinds.includes(action.do as Do)) as never;
  }

  component(name: string): ComponentGoal {
    const found = this.goal.components.find((component) => component.name === name);
    demand(found !== undefined, `a step names ${name}, which is no component`);
    return found;
  }

  sighting(instance: string): Sighting {
    return this.observation.sightings.get(instance) ?? { state: "unknown", why: "" };
  }

  isUp(instance: string): boolean {
    return ["running", "starting", "stopping"].includes(this.sighting(instance).state);
  }

  healthOf(instance: string): Health["state"] | undefined {
    const sighting = this.sighting(instance);
    return sighting.state === "running" ? sighting.health?.state : undefined;
  }

  isUnknown(component: ComponentGoal): boolean {
    return component.instances.some(({ name }) => this.sighting(name).state === "unknown");
  }

  shouldRun({ desired, target }: ComponentGoal): boolean {
    const isPresent = this.goal.desired === "running" || this.goal.desired === "stopped";
    return isPresent && desired === "running" && target !== undefined;
  }

  /** All that a component depends on, through others too. */
  dependencies({ target }: ComponentGoal, found = new Set<string>()): Set<string> {
    for (const name of target?.dependsOn ?? []) {
      if (found.has(name)) continue;
      found.add(name);
      const component = this.goal.components.find((other) => other.name === name);
      if (component) this.dependencies(component, found);
    }
    return found;
  }

  stopOf(instance: string): Step | undefined {
    return this.steps("stop").find(({ action }) => action.instance === instance);
  }

  get instances(): Instance[] {
    return this.goal.components.flatMap(({ instances }) => instances);
  }
}
