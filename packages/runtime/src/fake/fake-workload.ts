import type { Clock } from "@mcp/base";
import type { LogLine } from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";
import type { Workload, WorkloadExit } from "../workload.ts";
import type { FakeBehaviour } from "./behaviour.ts";
import { Bell } from "./bell.ts";

/** One workload of the fake, through all of its runs. */
export class FakeWorkload {
  readonly id: string;
  /** Its name may be changed by hand; its labels tell who it is. */
  spec: WorkloadSpec;
  readonly behaviour: FakeBehaviour;
  readonly isStranger: boolean;
  readonly lines: LogLine[] = [];
  /** Rings at each line and each change of state. */
  readonly bell = new Bell();
  readonly #clock: Clock;
  /** Of the current run; aborting it silences the run's timers. */
  #run: AbortController | undefined;
  #pid: number | undefined;
  #startedAtMs: number | undefined;
  #exit: WorkloadExit | undefined;

  constructor(id: string, spec: WorkloadSpec, behaviour: FakeBehaviour, clock: Clock, isStranger = false) {
    this.id = id;
    this.spec = spec;
    this.behaviour = behaviour;
    this.#clock = clock;
    this.isStranger = isStranger;
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  /** @param onExit told when the run ends by itself, through `behaviour.exitsAfterMs`. */
  begin(pid: number, onExit: (code: number) => void): void {
    const run = new AbortController();
    this.#run = run;
    this.#pid = pid;
    this.#startedAtMs = this.#clock.now();
    this.#exit = undefined;
    const { prints = [], ticksEveryMs, exitsAfterMs, exitCode = 0 } = this.behaviour;
    for (const { stream, text } of typeof prints === "function" ? prints(this.spec) : prints) {
      this.print(text, stream);
    }
    if (ticksEveryMs !== undefined) void this.#tick(ticksEveryMs, run.signal);
    if (exitsAfterMs !== undefined) {
      this.#clock.sleep(exitsAfterMs, run.signal).then(
        () => onExit(exitCode),
        () => {},
      );
    }
    this.bell.ring();
  }

  end(exit: WorkloadExit): void {
    this.#run?.abort();
    this.#run = undefined;
    this.#pid = undefined;
    this.#exit = exit;
    this.bell.ring();
  }

  print(text: string, stream: LogLine["stream"] = "stdout"): void {
    this.lines.push({ atMs: this.#clock.now(), stream, text });
    this.bell.ring();
  }

  toWorkload(): Workload {
    const { name, kind, labels, image, ports, attachment } = this.spec;
    return {
      name,
      kind,
      labels,
      state: this.isRunning ? "running" : this.#exit ? "exited" : "created",
      imageDigest: image.digest,
      imageReference: image.reference,
      ports,
      ...(attachment && { address: attachment.address }),
      ...(this.#pid !== undefined && { pid: this.#pid }),
      ...(this.#startedAtMs !== undefined && { startedAtMs: this.#startedAtMs }),
      ...(this.#exit && { exit: this.#exit }),
    };
  }

  async #tick(everyMs: number, signal: AbortSignal): Promise<void> {
    for (let count = 1; ; count++) {
      if (!(await this.#clock.sleep(everyMs, signal).then(isTrue, isFalse))) return;
      this.print(`tick ${count}`);
    }
  }
}

const isTrue = () => true;
const isFalse = () => false;
