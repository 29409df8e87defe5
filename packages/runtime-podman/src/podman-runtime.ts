import { type Clock, isProblem } from "@mcp/base";
import type {
  ExecOptions,
  ExecResult,
  Handle,
  LogLine,
  LogOptions,
  Probe,
  Runtime,
  RuntimeEvent,
  Stranger,
  Usage,
  Workload,
  WorkloadSpec,
} from "@mcp/runtime";
import type { HostSettings } from "./containers/create-request.ts";
import { removeContainer, stopContainer } from "./containers/end.ts";
import { openEvents, readEvents } from "./containers/events.ts";
import { execIn } from "./containers/exec.ts";
import type { ExecCleanup } from "./containers/exec-cleanup.ts";
import { watchExitFiles } from "./containers/exit-files.ts";
import { idOf } from "./containers/handle.ts";
import { containerLogs } from "./containers/logs.ts";
import {
  demandNotRenamed,
  inspectContainer,
  isInstance,
  listContainers,
  notThere,
} from "./containers/lookup.ts";
import type { LostProcesses } from "./containers/lost-processes.ts";
import type { OutOfMemory } from "./containers/out-of-memory.ts";
import type { InspectedContainer } from "./containers/shapes.ts";
import { type StartDeps, startContainer } from "./containers/start.ts";
import { readStats } from "./containers/stats.ts";
import { fromInspected, fromListed, ownAddress, strangerFrom } from "./containers/to-workload.ts";
import { withHelp } from "./containers/with-help.ts";
import { expectStatus } from "./http/reply.ts";
import { capabilitiesOf, isTooOld, notesOf, storeOf } from "./info.ts";
import type { PodmanApi } from "./podman-api.ts";
import { podmanTooOld } from "./socket/podman-service.ts";
import type { StoreGuard } from "./store-guard.ts";

export interface PodmanRuntimeDeps extends StartDeps {
  readonly api: PodmanApi;
  readonly clock: Clock;
  readonly guard: StoreGuard;
  readonly outOfMemory: OutOfMemory;
  readonly lostProcesses: LostProcesses;
  readonly execCleanup: ExecCleanup;
  readonly settings: Pick<HostSettings, "ulimits" | "logMaxBytes">;
  /** How podman is reached, for people. */
  readonly reachedBy: () => string | undefined;
}

/** Containers, by podman's REST API. */
export class PodmanRuntime implements Runtime {
  readonly kinds = ["container"] as const;
  readonly #deps: PodmanRuntimeDeps;
  readonly #api: PodmanApi;
  readonly #guard: StoreGuard;
  /** What the last list showed, less what was removed since. */
  #listed = new Set<string>();

  constructor(deps: PodmanRuntimeDeps) {
    this.#deps = deps;
    this.#api = deps.api;
    this.#guard = deps.guard;
  }

  async probe(signal: AbortSignal): Promise<Probe> {
    signal.throwIfAborted();
    try {
      return await this.#api.withRecovery(signal, async () => {
        const call = { what: "answer", method: "GET", path: "/_ping" } as const;
        expectStatus(await this.#api.call(call, signal), call.what, 200);
        const info = await this.#guard.tell(signal);
        if (isTooOld(info.version.Version)) throw podmanTooOld(info.version.Version);
        const reachedBy = this.#deps.reachedBy();
        return {
          ok: true,
          version: `podman ${info.version.Version}`,
          store: storeOf(info),
          can: capabilitiesOf(info),
          notes: [...notesOf(info), ...(reachedBy === undefined ? [] : [reachedBy])],
        };
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!isProblem(error)) throw error;
      return { ok: false, why: error.message, hint: error.hint };
    }
  }

  list(signal: AbortSignal): Promise<readonly Workload[]> {
    return this.#api.withRecovery(signal, async () => {
      const containers = await listContainers(this.#api, { label: ["mcp.instance"] }, signal);
      const found = await Promise.all(
        containers.map(async (container) => {
          const workload = fromListed(container);
          const { outOfMemory, lostProcesses } = this.#deps;
          return (
            workload && outOfMemory.correct(container, lostProcesses.correct(container.Id, workload), signal)
          );
        }),
      );
      const workloads = found.filter((workload) => workload !== undefined).sort(byName);
      const names = new Set(workloads.map(({ name }) => name));
      if ([...this.#listed].some((name) => !names.has(name))) await this.#guard.vouch(signal);
      this.#listed = names;
      return workloads;
    });
  }

  strangers(signal: AbortSignal): Promise<readonly Stranger[]> {
    return this.#api.withRecovery(signal, async () => {
      const containers = await listContainers(this.#api, {}, signal);
      return containers.flatMap((container) => strangerFrom(container) ?? []).sort(byName);
    });
  }

  inspect(name: string, signal: AbortSignal): Promise<Workload | undefined> {
    return this.#api.withRecovery(signal, async () => {
      const found = await inspectContainer(this.#api, name, signal);
      if (!found || !isInstance(found, name)) return this.#demandGone(name, signal);
      return this.#showWithAddress(found, signal);
    });
  }

  start(spec: WorkloadSpec, signal: AbortSignal): Promise<Handle> {
    return this.#api.withRecovery(signal, async () =>
      startContainer(
        this.#deps,
        spec,
        await this.#settingsFor(spec, signal),
        this.#listed.has(spec.name),
        signal,
      ),
    );
  }

  stop(name: string, { graceMs }: { readonly graceMs: number }, signal: AbortSignal): Promise<void> {
    return this.#api.withRecovery(signal, async () => {
      if (!(await stopContainer(this.#api, this.#deps.clock, name, graceMs, signal)))
        await this.#demandGone(name, signal);
    });
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#api.withRecovery(signal, async () => {
      if (!(await removeContainer(this.#api, name, signal))) await this.#demandGone(name, signal);
      this.#listed.delete(name);
    });
  }

  async recover(handle: Handle, signal: AbortSignal): Promise<Workload | undefined> {
    const id = idOf(handle);
    return this.#api.withRecovery(signal, async () => {
      const found = await inspectContainer(this.#api, id, signal);
      if (!found) await this.#guard.vouch(signal);
      return found && this.#showWithAddress(found, signal);
    });
  }

  async *logs(name: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    const container = await this.#api.withRecovery(signal, async () => {
      const found = await inspectContainer(this.#api, name, signal);
      if (found && isInstance(found, name)) return found;
      await this.#demandGone(name, signal);
      throw notThere(name);
    });
    yield* containerLogs(this.#api, this.#deps.clock, container, options, signal);
  }

  async *events(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    try {
      const response = await this.#api.withRecovery(either, () => openEvents(this.#api, either));
      yield* withHelp(
        readEvents(this.#api, response, either),
        () => watchExitFiles(this.#api, this.#deps.outOfMemory, either),
        // Something runs, of which the helper can learn where to look.
        ({ what }) => what === "started",
      );
    } finally {
      over.abort();
    }
  }

  stats(signal: AbortSignal): Promise<ReadonlyMap<string, Usage>> {
    return this.#api.withRecovery(signal, async () => {
      const info = await this.#guard.info(signal);
      if (!capabilitiesOf(info).stats.ok) return new Map();
      return readStats(this.#api, info.host.memTotal, signal);
    });
  }

  exec(
    name: string,
    argv: readonly string[],
    { timeoutMs }: ExecOptions,
    signal: AbortSignal,
  ): Promise<ExecResult> {
    const { clock, execCleanup } = this.#deps;
    // Not tried again: a program may not be run twice.
    return execIn(this.#api, clock, (id) => execCleanup.begin(id), name, argv, timeoutMs, signal);
  }

  async #showWithAddress(found: InspectedContainer, signal: AbortSignal): Promise<Workload | undefined> {
    const workload = this.#show(found);
    const address = ownAddress(found);
    if (workload?.state !== "running" || address === undefined) return workload;
    const can = capabilitiesOf(await this.#guard.info(signal));
    return can.ownAddresses?.ok ? { ...workload, address } : workload;
  }

  #show(found: InspectedContainer): Workload | undefined {
    const workload = fromInspected(found);
    return workload && this.#deps.lostProcesses.correct(found.Id, workload);
  }

  /** @throws Problem `store_changed`, `spec_conflict` if it may be there all the same. */
  async #demandGone(name: string, signal: AbortSignal): Promise<undefined> {
    await this.#guard.vouch(signal);
    await demandNotRenamed(this.#api, name, signal);
  }

  async #settingsFor(spec: WorkloadSpec, signal: AbortSignal): Promise<HostSettings> {
    const { settings } = this.#deps;
    if (spec.memoryMiB === undefined && spec.vcpus === undefined) {
      return { ...settings, memoryLimit: false, cpuLimit: false };
    }
    const can = capabilitiesOf(await this.#guard.info(signal));
    return { ...settings, memoryLimit: can.memoryLimit.ok, cpuLimit: can.cpuLimit.ok };
  }
}

function byName(a: Pick<Workload, "name">, b: Pick<Workload, "name">): number {
  return a.name < b.name ? -1 : 1;
}
