import { type Clock, Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import type { ImagePin } from "../images.ts";
import type { Capabilities, ExecResult, LogLine, RuntimeKind } from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";
import type { Stranger, Workload, WorkloadExit } from "../workload.ts";
import type { FakeBehaviour } from "./behaviour.ts";
import { type FakeCall, type FakeCallName, type Fault, FaultPlan, type FaultTime } from "./calls.ts";
import { FakeMachine } from "./fake-machine.ts";
import type { FakeNetwork } from "./fake-network.ts";
import { FakeShelf } from "./fake-shelf.ts";
import type { FakeWorkload } from "./fake-workload.ts";

export interface FakeHostOptions {
  /** Default: a `FakeClock` of its own. */
  readonly clock?: Clock;
  readonly kinds?: readonly RuntimeKind[];
  readonly can?: Partial<Capabilities>;
  /** What its probe tells. */
  readonly leastMemoryMiB?: number;
  /** What workloads with an attachment are put on. */
  readonly network?: FakeNetwork;
}

/**
 * A machine in memory: its workloads, its images, and the faults that a test wants. Every `FakeRuntime` and
 * `FakeImages` made over it sees the same, so that an agent can die and another one find what it left.
 *
 * @example
 *   const host = new FakeHost({ clock });
 *   const image = host.addImage("example/hello:v1", { exitsAfterMs: 50, exitCode: 3 });
 *   host.fail("start", "hang");
 */
export class FakeHost {
  readonly clock: Clock;
  readonly kinds: readonly RuntimeKind[];
  readonly can: Capabilities;
  readonly leastMemoryMiB: number | undefined;
  /** Every call that was made, oldest first. */
  readonly calls: FakeCall[] = [];
  readonly machine: FakeMachine;
  readonly shelf = new FakeShelf();
  /** How long each call takes. */
  latencyMs = 0;
  /** How long a hanging call hangs before its time limit. */
  timeLimitMs = 10_000;
  /** `list` answers that there is nothing, whatever there is. */
  listIsEmpty = false;
  /** Set: the backend cannot be reached at all, and this is what every call says. */
  down: Problem | undefined;
  /** Called as each call arrives, before anything else happens: the place to kill an agent. */
  onCall: (call: FakeCall) => Promise<void> | void = () => {};
  /** What programs do that are run inside. Default: exit 0 and say nothing. */
  onExec: (name: string, argv: readonly string[]) => Promise<ExecResult> | ExecResult = () => ({
    exitCode: 0,
    output: "",
  });
  readonly #faults = new FaultPlan();

  constructor(options: FakeHostOptions = {}) {
    const { clock = new FakeClock(), kinds = ["container"], can = {}, leastMemoryMiB, network } = options;
    this.clock = clock;
    this.leastMemoryMiB = leastMemoryMiB;
    this.kinds = kinds;
    this.machine = new FakeMachine(clock, network);
    const yes = { ok: true } as const;
    this.can = {
      exec: yes,
      stats: yes,
      memoryLimit: yes,
      cpuLimit: yes,
      udpPorts: yes,
      volumes: yes,
      userNetworks: yes,
      ...can,
    };
  }

  /** Which store the backend shows. Another one hides what there was, which runs on unseen; setting it back shows it. */
  get store(): string {
    return this.machine.store;
  }
  set store(store: string) {
    this.machine.store = store;
  }

  /** Events are not told, though things happen. */
  get eventsAreMissed(): boolean {
    return this.machine.eventsAreMissed;
  }
  set eventsAreMissed(missed: boolean) {
    this.machine.eventsAreMissed = missed;
  }

  get registryIsDown(): boolean {
    return this.shelf.registryIsDown;
  }
  set registryIsDown(down: boolean) {
    this.shelf.registryIsDown = down;
  }

  /** What no engine should have asked for, such as two owners of one host port. */
  get violations(): readonly string[] {
    return this.machine.violations;
  }

  /** The names of what runs now. */
  get running(): string[] {
    return this.workloads.filter(({ state }) => state === "running").map(({ name }) => name);
  }

  /** Everything of ours, as it really is, past every fault. */
  get workloads(): Workload[] {
    return this.machine
      .all()
      .filter((workload) => !workload.isStranger)
      .map((workload) => workload.toWorkload());
  }

  /** Everything that is not ours. */
  get strangers(): Stranger[] {
    return this.machine
      .all()
      .filter(({ isStranger }) => isStranger)
      .map((workload) => {
        const { name, kind, state, imageReference } = workload.toWorkload();
        return { name, what: kind, state, imageReference };
      });
  }

  /** How many workloads of `service/component` ever ran side by side. */
  mostAtOnce(component: string): number {
    return this.machine.mostAtOnce(component);
  }

  /** New content under a reference, in the registry only; the same reference again is a tag that moved. */
  publish(reference: string, behaviour: FakeBehaviour = {}): ImagePin {
    return this.shelf.publish(reference, behaviour);
  }

  /** New content under a reference, in the registry and on this host. */
  addImage(reference: string, behaviour: FakeBehaviour = {}): ImagePin {
    const pin = this.publish(reference, behaviour);
    this.shelf.bring(pin);
    return pin;
  }

  /** Take an image off this host; the registry keeps it. */
  dropImage({ digest }: ImagePin): void {
    this.shelf.drop(digest);
  }

  /** Put a workload there as an earlier life left it, `created` being what a crash between create and start leaves. */
  add(spec: WorkloadSpec, state: "created" | "running" | "exited" = "running"): void {
    const behaviour = this.shelf.onHost(spec.image.digest) ?? {};
    const workload = this.machine.create(spec, behaviour);
    if (state !== "created") this.machine.run(workload);
    if (state === "exited") this.machine.end(workload, { code: 0, reason: "exited" });
  }

  /** A workload of somebody else. */
  addStranger(name: string, ports: WorkloadSpec["ports"] = []): void {
    const workload = this.machine.create(strangerSpec(name, ports), {}, true);
    this.machine.run(workload);
  }

  /** It ends by itself, now. */
  exit(name: string, code = 0, reason: WorkloadExit["reason"] = "exited"): void {
    this.machine.end(this.#workload(name), { code, reason });
  }

  /** It is gone without a trace, as if somebody had removed it. */
  vanish(name: string): void {
    this.machine.delete(this.#workload(name));
  }

  /** Somebody gives it another name, behind the agent's back. */
  rename(name: string, to: string): void {
    this.machine.rename(this.#workload(name), to);
  }

  print(name: string, text: string, stream: LogLine["stream"] = "stdout"): void {
    this.#workload(name).print(text, stream);
  }

  /** Everything that ran is found exited, with no code to be known. */
  reboot(): void {
    for (const workload of this.machine.all()) this.machine.end(workload, { reason: "unknown" });
  }

  /** Every stream of events that is being read is lost. */
  breakEvents(): void {
    this.machine.breakEvents();
  }

  /** The next calls of this kind go wrong; `after`: their work is done all the same, and the answer is lost. */
  fail(call: FakeCallName, fault: Fault, times = 1, when: FaultTime = "before"): void {
    this.#faults.add(call, fault, times, when);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** One call through latency, faults and the call log: for `FakeRuntime` and `FakeImages`. */
  async call<T>(
    call: FakeCallName,
    subject: string,
    signal: AbortSignal,
    work: () => T | Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const made = { call, subject, atMs: this.clock.now() };
    this.calls.push(made);
    await this.onCall(made);
    if (this.latencyMs > 0) await this.clock.sleep(this.latencyMs, signal);
    signal.throwIfAborted();
    if (this.down) throw this.down;
    await this.#meetFault(call, "before", signal);
    const result = await work();
    await this.#meetFault(call, "after", signal);
    return result;
  }

  async #meetFault(call: FakeCallName, when: FaultTime, signal: AbortSignal): Promise<void> {
    const fault = this.#faults.take(call, when);
    if (fault === undefined) return;
    if (fault !== "hang") throw fault;
    await this.clock.sleep(this.timeLimitMs, signal);
    const text = `the fake runtime did not answer ${call} within ${this.timeLimitMs} ms`;
    throw new Problem("runtime_timeout", text, "see whether it hangs");
  }

  #workload(name: string): FakeWorkload {
    const workload = this.machine.get(name);
    if (!workload) throw new Error(`the fake has no workload named ${name}`);
    return workload;
  }
}

function strangerSpec(name: string, ports: WorkloadSpec["ports"]): WorkloadSpec {
  return {
    name,
    kind: "container",
    labels: { service: "", component: "", instance: "", revision: 0, specHash: "" },
    image: { reference: "stranger", digest: "" },
    hostname: name,
    env: {},
    ports,
    volumes: [],
    network: "stranger",
  };
}
