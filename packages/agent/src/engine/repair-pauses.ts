import { type Backoff, backoffMs, type Clock, type ProblemJSON } from "@mcp/base";
import type { Action, RepairFailure, ServiceGoal } from "@mcp/planner";
import type { OperationRecord, StepRecord } from "@mcp/registry";

const pauses: Backoff = { firstMs: 1_000, maxMs: 300_000 };

interface Pause extends RepairFailure {
  /** By the clock that cannot jump. */
  readonly untilMs: number;
}

/**
 * How long to wait before what could not be put right is tried again: a start that fails (no image, a port taken) may remove
 * what it made, which is an event, and without a pause that would never end. Each component has a pause of its own, so that
 * one that fails for ever does not delay the others. In memory: a new agent tries at once.
 */
export class RepairPauses {
  readonly #clock: Clock;
  readonly #random: () => number;
  /** By service, and by component in it; by the empty name what failed as a whole. */
  readonly #services = new Map<string, Map<string, Pause>>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * What came of a repair.
   * @param isUndoing  it was to undo a revision, which goes back as a whole.
   */
  note({ service, state, steps, problem }: OperationRecord, isUndoing: boolean): void {
    const failed = new Map(
      steps.flatMap((step) => (step.state === "failed" ? [[componentOf(step), step.problem]] : [])),
    );
    for (const step of steps)
      if (step.state === "done" && !failed.has(componentOf(step))) this.#forget(service, componentOf(step));
    for (const [component, why] of failed) this.#fail(service, component, why);
    const { code } = (problem ?? {}) as Partial<ProblemJSON>;
    // What could be done is done, and what is not known is left alone until it is: there is nothing to try again.
    const isDone = code === "observation_unknown" && steps.some((step) => step.state === "done");
    // Its end could not even be written down, or no step can be blamed.
    const isWhole = state !== "succeeded" && failed.size === 0 && !isDone;
    if (isWhole || (state !== "succeeded" && isUndoing)) this.#fail(service, "", problem);
    else this.#forget(service, "");
  }

  /**
   * Nothing of it has to be put right at present, by whatever way that came: what failed is over, but not before its pause
   * is, since it may be back at once.
   * @returns milliseconds until all of it is over; undefined if it is.
   */
  ease(service: string): number | undefined {
    const ofService = [...(this.#services.get(service) ?? [])];
    for (const [component, pause] of ofService)
      if (this.#leftMs(pause) === 0) this.#forget(service, component);
    const leftMs = Math.max(0, ...ofService.map(([, pause]) => this.#leftMs(pause)));
    return leftMs > 0 ? leftMs : undefined;
  }

  /** Somebody acted, or it is gone: what comes next is a first try. */
  clear(service: string): void {
    this.#services.delete(service);
  }

  /** Milliseconds until the service as a whole may be repaired again. */
  leftMs(service: string): number {
    return this.#leftMs(this.#services.get(service)?.get(""));
  }

  /** The goal, with which of its components must wait, and until when. */
  hold(goal: ServiceGoal): ServiceGoal {
    const ofService = this.#services.get(goal.service);
    if (!ofService) return goal;
    const nowMs = this.#clock.now();
    return {
      ...goal,
      components: goal.components.map((component) => {
        const leftMs = this.#leftMs(ofService.get(component.name));
        return leftMs > 0 ? { ...component, notBeforeMs: nowMs + leftMs } : component;
      }),
    };
  }

  failures(service: string): ReadonlyMap<string, RepairFailure> {
    return this.#services.get(service) ?? new Map();
  }

  /** Whole ones: what comes of it is a moment on the wire, which has no parts of a millisecond. */
  #leftMs(pause: Pause | undefined): number {
    return pause ? Math.max(0, Math.ceil(pause.untilMs - this.#clock.monotonic())) : 0;
  }

  #fail(service: string, component: string, problem: unknown): void {
    const ofService = this.#services.get(service) ?? new Map<string, Pause>();
    const times = (ofService.get(component)?.times ?? 0) + 1;
    const untilMs = this.#clock.monotonic() + backoffMs(pauses, times, this.#random());
    const { message = "it failed", hint = `see what happened with: mcp status ${service}` } = (problem ??
      {}) as Partial<ProblemJSON>;
    ofService.set(component, { times, untilMs, message, hint });
    this.#services.set(service, ofService);
  }

  #forget(service: string, component: string): void {
    const ofService = this.#services.get(service);
    ofService?.delete(component);
    if (ofService?.size === 0) this.#services.delete(service);
  }
}

function componentOf({ action }: StepRecord): string {
  const taken = action as Action;
  return "component" in taken ? taken.component : "";
}
