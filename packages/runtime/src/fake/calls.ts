import type { Problem } from "@mcp/base";
import type { ImageSource, Runtime } from "../runtime.ts";

/** Everything that can be asked of the fake. */
export type FakeCallName = Exclude<keyof Runtime, "kinds"> | keyof ImageSource;

/** One call that reached the host. */
export interface FakeCall {
  readonly call: FakeCallName;
  /** The workload's name, or the image's reference; empty for calls about everything. */
  readonly subject: string;
  readonly atMs: number;
}

/** `hang`: it never answers, until the call's own time limit gives `runtime_timeout`. */
export type Fault = Problem | "hang";

/** `after`: the work is done, and the answer is lost. */
export type FaultTime = "before" | "after";

interface PlannedFault {
  readonly call: FakeCallName;
  readonly fault: Fault;
  readonly when: FaultTime;
  left: number;
}

/** The faults that a test has planned, taken one at a time by the calls that meet them. */
export class FaultPlan {
  #planned: PlannedFault[] = [];

  add(call: FakeCallName, fault: Fault, times: number, when: FaultTime): void {
    this.#planned.push({ call, fault, when, left: times });
  }

  clear(): void {
    this.#planned = [];
  }

  take(call: FakeCallName, when: FaultTime): Fault | undefined {
    const met = this.#planned.find((fault) => fault.call === call && fault.when === when && fault.left > 0);
    if (!met) return undefined;
    met.left--;
    return met.fault;
  }
}
