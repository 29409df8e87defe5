import { realpath } from "node:fs/promises";
import { isProblem, Problem } from "@mcp/base";
import type {
  ExecOptions,
  ExecResult,
  Handle,
  LogLine,
  LogOptions,
  Probe,
  Runtime,
  RuntimeEvent,
  RuntimeKind,
  Usage,
} from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";
import type { Stranger, Workload } from "../workload.ts";
import type { FakeHost } from "./fake-host.ts";
import type { FakeWorkload } from "./fake-workload.ts";

const handleVersion = 1;

/** The runtime contract over a `FakeHost`. Making another one is restarting the agent. */
export class FakeRuntime implements Runtime {
  readonly #host: FakeHost;

  constructor(host: FakeHost) {
    this.#host = host;
  }

  get kinds(): readonly RuntimeKind[] {
    return this.#host.kinds;
  }

  async probe(signal: AbortSignal): Promise<Probe> {
    try {
      return await this.#host.call("probe", "", signal, () => ({
        ok: true as const,
        version: "fake 1.0",
        store: this.#host.store,
        can: this.#host.can,
        notes: [],
        ...(this.#host.leastMemoryMiB !== undefined && { leastMemoryMiB: this.#host.leastMemoryMiB }),
      }));
    } catch (error) {
      if (!isProblem(error)) throw error;
      return { ok: false, why: error.message, hint: error.hint };
    }
  }

  list(signal: AbortSignal): Promise<readonly Workload[]> {
    return this.#host.call("list", "", signal, () => (this.#host.listIsEmpty ? [] : this.#host.workloads));
  }

  strangers(signal: AbortSignal): Promise<readonly Stranger[]> {
    return this.#host.call("strangers", "", signal, () => this.#host.strangers);
  }

  inspect(name: string, signal: AbortSignal): Promise<Workload | undefined> {
    return this.#host.call("inspect", name, signal, () => this.#ours(name)?.toWorkload());
  }

  start(spec: WorkloadSpec, signal: AbortSignal): Promise<Handle> {
    return this.#host.call("start", spec.name, signal, async () => {
      await demandNoLinks(spec);
      if (!this.kinds.includes(spec.kind)) {
        throw new Problem("runtime_unsupported", `the fake runs no ${spec.kind}`, "pick another runtime");
      }
      const { machine, shelf } = this.#host;
      const found = machine.get(spec.name);
      if (found) {
        const { instance, specHash } = found.spec.labels;
        if (found.isStranger || instance !== spec.labels.instance || specHash !== spec.labels.specHash)
          throw conflict(spec.name);
        if (!found.isRunning) machine.run(found);
        return handleOf(found);
      }
      const behaviour = shelf.onHost(spec.image.digest);
      if (!behaviour) {
        throw new Problem("image_not_found", `${spec.image.reference} is not on this host`, "pull it first");
      }
      const workload = machine.create(spec, behaviour);
      try {
        machine.run(workload);
      } catch (error) {
        machine.delete(workload);
        throw error;
      }
      return handleOf(workload);
    });
  }

  stop(name: string, { graceMs }: { readonly graceMs: number }, signal: AbortSignal): Promise<void> {
    return this.#host.call("stop", name, signal, async () => {
      const { clock, machine } = this.#host;
      const workload = this.#ours(name);
      if (!workload?.isRunning) return;
      const { lastWords, whenStopped } = workload.behaviour;
      if (lastWords !== undefined) workload.print(lastWords);
      if (whenStopped !== "ignores") return machine.end(workload, { code: 0, reason: "exited" });
      await clock.sleep(graceMs, signal);
      machine.end(workload, { code: 137, reason: "signal" });
    });
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#host.call("remove", name, signal, () => {
      const workload = this.#ours(name);
      if (workload) this.#host.machine.delete(workload);
    });
  }

  recover(handle: Handle, signal: AbortSignal): Promise<Workload | undefined> {
    return this.#host.call("recover", handle.state, signal, () => {
      if (handle.v !== handleVersion) {
        throw new Problem(
          "runtime_failed",
          `a handle of version ${handle.v} cannot be read`,
          "upgrade the agent",
        );
      }
      return this.#host.machine
        .all()
        .find(({ id }) => id === handle.state)
        ?.toWorkload();
    });
  }

  async *logs(name: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    const workload = await this.#host.call("logs", name, signal, () => this.#mustBeOurs(name));
    const { tail, sinceMs = 0, follow = false } = options;
    const isWanted = (line: LogLine) => line.atMs >= sinceMs;
    const wanted = workload.lines.filter(isWanted);
    let next = workload.lines.length;
    yield* tail === undefined ? wanted : wanted.slice(Math.max(0, wanted.length - tail));
    while (follow) {
      for (const line of workload.lines.slice(next)) {
        next++;
        if (isWanted(line)) yield line;
      }
      if (next < workload.lines.length) continue;
      if (!workload.isRunning) return;
      await workload.bell.next(signal);
    }
  }

  async *events(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    const { machine } = this.#host;
    const { breaks } = machine;
    let next = machine.events.length;
    await this.#host.call("events", "", signal, () => {});
    for (;;) {
      if (machine.breaks !== breaks) throw streamLost();
      for (const event of machine.events.slice(next)) {
        next++;
        yield event;
      }
      if (next === machine.events.length && machine.breaks === breaks) await machine.bell.next(signal);
    }
  }

  stats(signal: AbortSignal): Promise<ReadonlyMap<string, Usage>> {
    return this.#host.call("stats", "", signal, () => {
      const running = this.#host.can.stats.ok ? this.#host.running : [];
      return new Map(running.map((name) => [name, { memoryBytes: 2 ** 20, cpuCores: 0 }]));
    });
  }

  exec(
    name: string,
    argv: readonly string[],
    { timeoutMs }: ExecOptions,
    signal: AbortSignal,
  ): Promise<ExecResult> {
    return this.#host.call("exec", name, signal, async () => {
      if (!this.#host.can.exec.ok) {
        throw new Problem("runtime_unsupported", this.#host.can.exec.why, "use logs instead");
      }
      this.#mustBeOurs(name);
      const done = new AbortController();
      const late = this.#host.clock.sleep(timeoutMs, AbortSignal.any([signal, done.signal])).then(() => {
        throw new Problem("timed_out", `${argv[0]} did not end within ${timeoutMs} ms`, "give it more time");
      });
      late.catch(() => {});
      try {
        return await Promise.race([this.#host.onExec(name, argv), late]);
      } finally {
        done.abort();
      }
    });
  }

  #ours(name: string): FakeWorkload | undefined {
    const ours = this.#host.machine.all().filter(({ isStranger }) => !isStranger);
    const found = ours.find(({ spec }) => spec.labels.instance === name);
    if (found && found.spec.name !== name) {
      const text = `somebody has renamed ${name} to ${found.spec.name}`;
      throw new Problem("spec_conflict", text, `rename it back to ${name}`);
    }
    return found;
  }

  #mustBeOurs(name: string): FakeWorkload {
    const workload = this.#ours(name);
    if (workload) return workload;
    throw new Problem("workload_not_found", `${name} is not there`, "see what is: mcp ps");
  }
}

async function demandNoLinks({ name, volumes }: WorkloadSpec): Promise<void> {
  for (const { host } of volumes) {
    const now = await realpath(host).catch(() => host);
    if (now === host) continue;
    const text = `${name} was not started: ${host} is a link to ${now}`;
    throw new Problem("volume_not_allowed", text, "put the folder back");
  }
}

function handleOf(workload: FakeWorkload): Handle {
  return { kind: workload.spec.kind, v: handleVersion, state: workload.id };
}

function conflict(name: string): Problem {
  return new Problem("spec_conflict", `${name} is taken by another workload`, "see what it is: mcp ps");
}

function streamLost(): Problem {
  return new Problem("runtime_unavailable", "the stream of events was lost", "look again, then listen again");
}
