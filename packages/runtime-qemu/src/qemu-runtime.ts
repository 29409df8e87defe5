import { readdir } from "node:fs/promises";
import { type Clock, Lanes, Problem } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type {
  ExecResult,
  Handle,
  LogLine,
  LogOptions,
  Probe,
  Runtime,
  RuntimeEvent,
  RuntimeKind,
  Usage,
  Workload,
  WorkloadSpec,
} from "@mcp/runtime";
import { readLog } from "./console/read-log.ts";
import { usageOf } from "./stats.ts";
import type { Attendance } from "./vm/attendance.ts";
import { type BootDeps, boot } from "./vm/boot.ts";
import { endAtOnce, endGently } from "./vm/end.ts";
import { handleOf, readHandle } from "./vm/handle.ts";
import { lookAt, type Sight, toWorkload } from "./vm/look.ts";
import { makeVm, removeVm } from "./vm/making.ts";
import { isInstanceName, VmFolder } from "./vm/vm-folder.ts";
import { readRecord, type VmRecord } from "./vm/vm-record.ts";

export interface QemuRuntimeDeps {
  readonly kind: Exclude<RuntimeKind, "container">;
  readonly stateDir: string;
  readonly probe: (signal: AbortSignal) => Promise<Probe>;
  /** What a boot needs; throws a `Problem` where it cannot be had on this host. */
  readonly bootDeps: (signal: AbortSignal) => Promise<Omit<BootDeps, "attendance">>;
  readonly attendance: Attendance;
  readonly bootId: () => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Found {
  readonly folder: VmFolder;
  readonly record: VmRecord;
  readonly sight: Sight;
}

/** Virtual machines of one kind. Everything it knows is in the state folder: it remembers nothing of its own. */
export class QemuRuntime implements Runtime {
  readonly kinds: readonly RuntimeKind[];
  readonly #deps: QemuRuntimeDeps;
  /** One change at a time for each virtual machine. */
  readonly #lanes = new Lanes();
  readonly #stopping = new Set<string>();

  constructor(deps: QemuRuntimeDeps) {
    this.kinds = [deps.kind];
    this.#deps = deps;
  }

  probe(signal: AbortSignal): Promise<Probe> {
    return this.#deps.probe(signal);
  }

  async list(signal: AbortSignal): Promise<readonly Workload[]> {
    return (await this.#all(signal)).map(({ record, sight }) => toWorkload(record, sight));
  }

  async inspect(name: string, signal: AbortSignal): Promise<Workload | undefined> {
    const found = await this.#find(name, signal);
    return found && toWorkload(found.record, found.sight);
  }

  start(spec: WorkloadSpec, signal: AbortSignal): Promise<Handle> {
    return this.#lanes.run(spec.name, async () => {
      const found = await this.#find(spec.name, signal);
      if (found && found.record.spec.labels.specHash !== spec.labels.specHash) {
        throw new Problem(
          "spec_conflict",
          `${spec.name} is there already, with other settings`,
          "a changed definition gets a new instance: deploy it again",
        );
      }
      if (found?.sight.process) return handleOf(found.record);
      const deps = await this.#deps.bootDeps(signal);
      const record = found?.record ?? (await makeVm(this.#deps.stateDir, spec, this.#deps.clock));
      const folder = VmFolder.of(this.#deps.stateDir, spec.name);
      try {
        await boot(folder, record, { ...deps, attendance: this.#deps.attendance }, signal);
      } catch (error) {
        // What was there before is kept, with its log.
        if (!found) await this.#discard(folder);
        throw error;
      }
      this.#deps.attendance.tell({ name: spec.name, what: "started", atMs: this.#deps.clock.now() });
      return handleOf(record);
    });
  }

  stop(name: string, { graceMs }: { readonly graceMs: number }, signal: AbortSignal): Promise<void> {
    return this.#lanes.run(name, async () => {
      const found = await this.#find(name, signal);
      if (!found?.sight.process) return;
      this.#stopping.add(name);
      try {
        await endGently(found.folder, found.sight.process, graceMs, this.#deps, signal);
      } finally {
        this.#stopping.delete(name);
      }
    });
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#lanes.run(name, async () => {
      const found = await this.#find(name, signal);
      if (!found) return;
      if (found.sight.process) await endAtOnce(found.folder, found.sight.process, this.#deps, signal);
      await this.#discard(found.folder);
      this.#deps.attendance.tell({ name, what: "removed", atMs: this.#deps.clock.now() });
    });
  }

  async recover(handle: Handle, signal: AbortSignal): Promise<Workload | undefined> {
    const { name, token } = readHandle(handle);
    const found = await this.#find(name, signal);
    return found?.record.token === token ? toWorkload(found.record, found.sight) : undefined;
  }

  async *logs(name: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    const found = await this.#find(name, signal);
    if (!found) throw new Problem("workload_not_found", `there is no ${name}`, "see what is there: mcp ps");
    const { folder } = found;
    const ended = async (): Promise<boolean> => {
      const now = await this.#find(name, signal);
      if (now?.sight.process) return false;
      if (now) await this.#deps.attendance.finish(folder, now.record);
      return true;
    };
    // Of what has ended, a reader without `follow` too sees all that it wrote.
    if (!found.sight.process) await ended();
    yield* readLog(folder, options, signal, ended);
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#deps.attendance.events(signal);
  }

  async stats(signal: AbortSignal): Promise<ReadonlyMap<string, Usage>> {
    const usages = await Promise.all(
      (await this.#all(signal)).map(async ({ record: { spec }, sight }) => {
        const { process, startedAtMs } = sight;
        const usage =
          process && (await usageOf(process, spec.memoryMiB, startedAtMs, this.#deps.clock.now()));
        return usage ? [[spec.name, usage] as const] : [];
      }),
    );
    return new Map(usages.flat());
  }

  async exec(): Promise<ExecResult> {
    throw new Problem(
      "runtime_unsupported",
      "nothing can be run inside a virtual machine: there is no way in, and maybe no shell",
      "look at what it prints: mcp logs",
    );
  }

  /** What cannot be understood is left out: whoever asks for it by name is told why. */
  async #all(signal: AbortSignal): Promise<Found[]> {
    signal.throwIfAborted();
    const names = await readdir(this.#deps.stateDir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw new Problem(
        "runtime_unavailable",
        `the state of virtual machines cannot be read: ${error.message}`,
        `look at: ls -ld ${this.#deps.stateDir}`,
        { cause: error },
      );
    });
    const found = await Promise.all(
      names.filter(isInstanceName).map((name) =>
        this.#find(name, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          this.#deps.log.warn("a virtual machine cannot be understood", { name, error: String(error) });
          return undefined;
        }),
      ),
    );
    return found.filter((one) => one !== undefined).sort((a, b) => (a.folder.path < b.folder.path ? -1 : 1));
  }

  async #find(name: string, signal: AbortSignal): Promise<Found | undefined> {
    signal.throwIfAborted();
    const folder = VmFolder.of(this.#deps.stateDir, name);
    const record = await readRecord(folder);
    if (record?.spec.kind !== this.#deps.kind) return undefined;
    const bootId = await this.#deps.bootId();
    const sight = await lookAt(folder, record, { bootId, isStopping: (which) => this.#stopping.has(which) });
    this.#deps.attendance.attend(folder, record);
    return { folder, record, sight };
  }

  async #discard(folder: VmFolder): Promise<void> {
    await this.#deps.attendance.leave(folder);
    await removeVm(this.#deps.stateDir, folder);
  }
}
