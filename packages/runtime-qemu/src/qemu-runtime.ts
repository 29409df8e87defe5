import { access } from "node:fs/promises";
import { basename } from "node:path";
import { type Clock, Problem } from "@mcp/base";
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
  Stranger,
  Usage,
  Workload,
  WorkloadSpec,
} from "@mcp/runtime";
import { readLog } from "./console/read-log.ts";
import type { HostGuestNetwork } from "./network/guest-network.ts";
import { revokeStart } from "./process/keeper.ts";
import { usageOf } from "./stats.ts";
import type { Attendance } from "./vm/attendance.ts";
import { type BootDeps, boot, untilStarted } from "./vm/boot.ts";
import { endAtOnce, endGently } from "./vm/end.ts";
import { handleOf, readHandle } from "./vm/handle.ts";
import { instanceNames } from "./vm/instance-names.ts";
import { lookAt, type Sight, toWorkload } from "./vm/look.ts";
import { makeVm, otherSettings, removeVm } from "./vm/making.ts";
import { endShares } from "./vm/shares.ts";
import type { StateFolder } from "./vm/state-folder.ts";
import { asStateProblem } from "./vm/state-problem.ts";
import { findStrangers } from "./vm/strangers.ts";
import { endStrays } from "./vm/strays.ts";
import { VmFolder } from "./vm/vm-folder.ts";
import { readRecord, type VmRecord } from "./vm/vm-record.ts";

export interface QemuRuntimeDeps {
  readonly kind: Exclude<RuntimeKind, "container">;
  readonly stateDir: string;
  readonly probe: (signal: AbortSignal) => Promise<Probe>;
  /** What a boot needs; throws a `Problem` where it cannot be had on this host. */
  readonly bootDeps: (signal: AbortSignal) => Promise<Omit<BootDeps, "attendance" | "state">>;
  /** See `BootDeps`. */
  readonly faultPoint?: BootDeps["faultPoint"];
  readonly attendance: Attendance;
  readonly network: Pick<HostGuestNetwork, "leave" | "wake">;
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
  readonly #warned = new Map<string, string>();

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

  strangers(signal: AbortSignal): Promise<readonly Stranger[]> {
    return findStrangers(this.#deps.stateDir, signal);
  }

  async inspect(name: string, signal: AbortSignal): Promise<Workload | undefined> {
    const found = await this.#find(name, signal);
    return found && toWorkload(found.record, found.sight);
  }

  start(spec: WorkloadSpec, signal: AbortSignal): Promise<Handle> {
    return this.#alone(spec.name, async (state) => {
      const deps = async (): Promise<BootDeps> => ({
        ...(await this.#deps.bootDeps(signal)),
        attendance: this.#deps.attendance,
        state,
      });
      const found = await this.#settle(spec.name, signal);
      if (found && found.record.spec.labels.specHash !== spec.labels.specHash) throw otherSettings(spec.name);
      const { folder, record, sight } = found ?? (await this.#make(state, spec, await deps()));
      if (sight.process && sight.state === "running") return handleOf(record);
      try {
        if (sight.process && record.boot)
          await untilStarted(folder, record, record.boot, sight.process, await deps(), signal);
        else await boot(folder, record, await deps(), signal);
      } catch (error) {
        await this.#leaveNetwork(record);
        // What was there before is kept, with its log, and so is what leads to a QEMU that could not be ended.
        if (!found && !(await this.#mayRun(spec.name))) await this.#discard(state, folder);
        throw error;
      }
      this.#deps.attendance.tell({ name: spec.name, what: "started", atMs: this.#deps.clock.now() });
      return handleOf(record);
    });
  }

  async stop(name: string, { graceMs }: { readonly graceMs: number }, signal: AbortSignal): Promise<void> {
    await this.#alone(name, async (state) => {
      const found = await this.#settle(name, signal);
      if (!found?.sight.process) return;
      state.stopping.add(name);
      try {
        await endGently(found.folder, found.sight.process, graceMs, this.#deps, signal);
      } finally {
        state.stopping.delete(name);
      }
      await this.#leaveNetwork(found.record);
    });
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#alone(name, async (state) => {
      const found = await this.#settle(name, signal);
      const folder = VmFolder.of(this.#deps.stateDir, name);
      if (!found) {
        // Somebody removed its folder by hand; where there is one, it is a stranger's.
        if (!(await isThere(folder.path))) await this.#forget(state, folder);
        return;
      }
      const { process } = found.sight;
      if (process) await endAtOnce(found.folder, process, this.#deps, signal);
      await this.#deps.faultPoint?.("ended", name);
      await this.#leaveNetwork(found.record);
      await this.#discard(state, found.folder);
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
      for (;;) {
        const state = await this.#deps.attendance.find();
        const seen = state?.changes ?? 0;
        const now = await this.#find(name, signal);
        if (now?.sight.process) return false;
        if (!now || !state || (await this.#deps.attendance.finish(state, folder, now.record, seen)))
          return true;
      }
    };
    // Of what has ended, a reader without `follow` too sees all that it wrote.
    if (!found.sight.process) await ended();
    yield* readLog(folder, options, signal, ended);
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    this.#deps.network.wake();
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
    const names = await instanceNames(this.#deps.stateDir);
    const found = await Promise.all(
      names.map((name) =>
        this.#find(name, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          this.#warn(name, String(error));
          return undefined;
        }),
      ),
    );
    return found.filter((one) => one !== undefined).sort((a, b) => (a.folder.path < b.folder.path ? -1 : 1));
  }

  /** Once, and not at each list. */
  #warn(name: string, error: string): void {
    if (this.#warned.get(name) === error) return;
    this.#warned.set(name, error);
    this.#deps.log.warn("a virtual machine cannot be understood", { name, error });
  }

  async #find(name: string, signal: AbortSignal): Promise<Found | undefined> {
    signal.throwIfAborted();
    return this.#see(name).catch((error: unknown) => {
      throw asStateProblem(error, this.#deps.stateDir);
    });
  }

  /** For who is about to change it: after this, no keeper of somebody who was killed starts what it was once told to. */
  async #settle(name: string, signal: AbortSignal): Promise<Found | undefined> {
    const found = await this.#find(name, signal);
    if (!found || found.sight.process) return found;
    await revokeStart(found.folder);
    return this.#find(name, signal);
  }

  /** Where that cannot be told, it may. */
  #mayRun(name: string): Promise<boolean> {
    return this.#see(name).then(
      (found) => found?.sight.process !== undefined,
      () => true,
    );
  }

  async #see(name: string): Promise<Found | undefined> {
    const folder = VmFolder.of(this.#deps.stateDir, name);
    const { attendance } = this.#deps;
    const state = await attendance.find();
    if (!state) return undefined;
    const seen = state.changes;
    const record = await readRecord(folder);
    if (record?.spec.kind !== this.#deps.kind) return undefined;
    const bootId = await this.#deps.bootId();
    const sight = await lookAt(folder, record, { bootId, isStopping: (which) => state.stopping.has(which) });
    if (sight.process || sight.exit) await attendance.attend(state, folder, record, seen);
    return { folder, record, sight };
  }

  async #make(state: StateFolder, spec: WorkloadSpec, { faultPoint }: BootDeps): Promise<Found> {
    await this.#forget(state, VmFolder.of(this.#deps.stateDir, spec.name));
    const record = await makeVm(this.#deps.stateDir, spec, this.#deps.clock);
    await faultPoint?.("made", spec.name);
    return { folder: VmFolder.of(this.#deps.stateDir, spec.name), record, sight: { state: "created" } };
  }

  /** What may still run of one whose folder was removed by hand. */
  async #forget(state: StateFolder, folder: VmFolder): Promise<void> {
    if ((await endStrays(folder)) > 0)
      this.#deps.log.warn("a QEMU was ended whose folder had been removed", { folder: folder.path });
    await this.#deps.attendance.leave(state, basename(folder.path));
  }

  /** Its TAP device goes, now that its QEMU has. */
  async #leaveNetwork({ spec }: VmRecord): Promise<void> {
    if (spec.attachment) await this.#deps.network.leave(spec.name);
  }

  async #discard(state: StateFolder, folder: VmFolder): Promise<void> {
    await this.#deps.attendance.leave(state, basename(folder.path));
    await endShares(folder);
    await removeVm(this.#deps.stateDir, folder);
  }

  /** The only change of this virtual machine, in a folder in which only this process writes. */
  async #alone<T>(name: string, work: (state: StateFolder) => Promise<T>): Promise<T> {
    const { attendance, stateDir } = this.#deps;
    try {
      const state = await attendance.claim();
      return await state.lanes.run(name, () => work(state));
    } catch (error) {
      throw asStateProblem(error, stateDir);
    }
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
