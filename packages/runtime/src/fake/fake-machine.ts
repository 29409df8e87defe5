import { type Clock, Problem } from "@mcp/base";
import type { RuntimeEvent } from "../runtime.ts";
import type { PortMapping, WorkloadSpec } from "../spec.ts";
import type { WorkloadExit } from "../workload.ts";
import type { FakeBehaviour } from "./behaviour.ts";
import { Bell } from "./bell.ts";
import type { FakeNetwork } from "./fake-network.ts";
import { FakeWorkload } from "./fake-workload.ts";

/** The workloads of the fake host, by store, and what has happened to them. */
export class FakeMachine {
  /** Which store is looked at. Workloads of another one run on, unseen, and hold their ports. */
  store = "fake";
  readonly events: RuntimeEvent[] = [];
  /** What happens is told to nobody. */
  eventsAreMissed = false;
  /** Counts how often the event streams broke. */
  breaks = 0;
  /** Rings at each event and each break. */
  readonly bell = new Bell();
  /** What no engine should ever have asked for. */
  readonly violations: string[] = [];
  readonly #stores = new Map<string, Map<string, FakeWorkload>>();
  readonly #mostAtOnce = new Map<string, number>();
  readonly #clock: Clock;
  readonly #network: FakeNetwork | undefined;
  #made = 0;

  constructor(clock: Clock, network?: FakeNetwork) {
    this.#clock = clock;
    this.#network = network;
  }

  get(name: string): FakeWorkload | undefined {
    return this.#current().get(name);
  }

  all(): FakeWorkload[] {
    return [...this.#current().values()].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  }

  create(spec: WorkloadSpec, behaviour: FakeBehaviour, isStranger = false): FakeWorkload {
    const workload = new FakeWorkload(`id-${++this.#made}`, spec, behaviour, this.#clock, isStranger);
    this.#current().set(spec.name, workload);
    return workload;
  }

  /** @throws Problem `start_failed`, `port_taken`; as `FakeNetwork.attach`. */
  run(workload: FakeWorkload): void {
    const { spec, behaviour } = workload;
    if (behaviour.failsToStart !== undefined) {
      throw new Problem(
        "start_failed",
        `${spec.name} could not be started: ${behaviour.failsToStart}`,
        "see its image",
      );
    }
    for (const port of spec.ports) this.#claim(port, spec.name);
    this.#network?.attach(spec);
    workload.begin(1_000 + ++this.#made, (code) => this.end(workload, { code, reason: "exited" }));
    this.#count(spec);
    this.#tell(spec.name, "started");
  }

  end(workload: FakeWorkload, exit: Omit<WorkloadExit, "atMs">): void {
    if (!workload.isRunning) return;
    workload.end({ ...exit, atMs: this.#clock.now() });
    this.#network?.detach(workload.spec.name);
    this.#tell(workload.spec.name, "exited");
  }

  delete(workload: FakeWorkload): void {
    this.end(workload, { code: 137, reason: "signal" });
    this.#current().delete(workload.spec.name);
    workload.bell.ring();
    this.#tell(workload.spec.name, "removed");
  }

  rename(workload: FakeWorkload, to: string): void {
    this.#current().delete(workload.spec.name);
    workload.spec = { ...workload.spec, name: to };
    this.#current().set(to, workload);
    this.#tell(workload.spec.labels.instance, "changed");
  }

  breakEvents(): void {
    this.breaks++;
    this.bell.ring();
  }

  mostAtOnce(component: string): number {
    return this.#mostAtOnce.get(component) ?? 0;
  }

  #current(): Map<string, FakeWorkload> {
    const known = this.#stores.get(this.store);
    if (known) return known;
    const made = new Map<string, FakeWorkload>();
    this.#stores.set(this.store, made);
    return made;
  }

  #claim(port: PortMapping, name: string): void {
    const running = [...this.#stores.values()]
      .flatMap((store) => [...store.values()])
      .filter((w) => w.isRunning);
    const owner = running.find((other) => other.spec.ports.some((held) => clash(held, port)));
    if (!owner) return;
    const text = `${port.host}/${port.protocol}`;
    this.violations.push(`port ${text}: ${name} was started while ${owner.spec.name} held it`);
    throw new Problem(
      "port_taken",
      `host port ${text} is already held by ${owner.spec.name}`,
      "pick another port",
    );
  }

  #count({ labels }: WorkloadSpec): void {
    const component = `${labels.service}/${labels.component}`;
    let running = 0;
    for (const other of this.#current().values())
      if (
        other.isRunning &&
        other.spec.labels.service === labels.service &&
        other.spec.labels.component === labels.component
      )
        running++;
    this.#mostAtOnce.set(component, Math.max(running, this.mostAtOnce(component)));
  }

  #tell(name: string, what: RuntimeEvent["what"]): void {
    if (this.eventsAreMissed) return;
    this.events.push({ name, what, atMs: this.#clock.now() });
    this.bell.ring();
  }
}

function clash(a: PortMapping, b: PortMapping): boolean {
  const sameAddress = a.address === b.address || a.address === "" || b.address === "";
  return a.host === b.host && a.protocol === b.protocol && sameAddress;
}
