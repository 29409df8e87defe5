import { type FSWatcher, watch } from "node:fs";
import { writeFile } from "node:fs/promises";
import { relative } from "node:path";
import type { Clock } from "@mcp/base";
import type { Logger } from "@mcp/host";
import { Console } from "../console/console.ts";
import type { GuestOutputs } from "../guest/guest-image.ts";
import { isAlive, type ProcessIdentity, readIdentity, signalTo } from "../process/process-identity.ts";
import { runState } from "../qmp/commands.ts";
import { openQmp } from "../qmp/qmp.ts";
import { endings } from "./boot-watch.ts";
import type { VmFolder } from "./vm-folder.ts";

export interface AttendantOptions {
  readonly folder: VmFolder;
  readonly outputs: GuestOutputs;
  /** Told once, when QEMU has ended and all that it wrote is in the log. */
  readonly onEnded: () => void;
  /** Told where it has given up, which is a bug: another may take its place. */
  readonly onFailed: () => void;
  /** When the one of an earlier boot has left: they write into the same log. */
  readonly after?: Promise<void> | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** For what no watch tells of. */
const lookEveryMs = 2_000;
/** A guest in one of these never goes on by itself (QEMU's RunState). */
const hopeless = new Set(["internal-error", "io-error", "guest-panicked"]);

/**
 * Looks after one boot of a virtual machine for as long as it runs: reads its console, notices its end by the keeper's
 * record, and ends a QEMU whose guest cannot go on. One for each boot in a process.
 */
export class Attendant {
  readonly #options: AttendantOptions;
  readonly #console: Console;
  readonly #over = new AbortController();
  #look = new AbortController();
  #work: Promise<void> | undefined;

  constructor(options: AttendantOptions) {
    this.#options = options;
    const { folder, outputs, clock, log } = options;
    const read = new Set([outputs.stdout, outputs.stderr]);
    const bounded = ["serial", outputs.status, relative(folder.run, folder.errors)]
      .filter((name) => name !== undefined)
      .filter((name) => !read.has(name));
    this.#console = new Console({ folder, outputs, bounded, clock, log });
  }

  /** Before QEMU is started. */
  async newBoot(): Promise<void> {
    await this.#options.after;
    await this.#console.newBoot();
  }

  /** Returns at once. */
  begin(): void {
    this.#work ??= this.#attend().catch(async (error: unknown) => {
      const { folder, log, onFailed } = this.#options;
      log.error("a virtual machine is not looked after", { folder: folder.path, error: String(error) });
      await this.#console.close().catch(() => {});
      onFailed();
    });
  }

  /** Returns when the machine has ended, and all that it wrote is in its log. */
  async ended(): Promise<void> {
    await this.#work;
  }

  /** The virtual machine goes on, and its console is read by whoever comes next. */
  async leave(): Promise<void> {
    this.#over.abort();
    this.#look.abort();
    await this.#options.after;
    await this.#work;
    await this.#console.close();
  }

  async #attend(): Promise<void> {
    const { folder, onEnded, after } = this.#options;
    await after;
    const watcher = this.#watch();
    try {
      const process = await this.#patiently(() => readIdentity(folder.pid));
      if (process && (await this.#isThere(process))) {
        this.#console.start();
        void this.#watchGuest(process);
        await this.#untilEnded(process);
      }
      if (this.#over.signal.aborted) return;
      await this.#console.finish();
      if (process) onEnded();
    } finally {
      watcher?.close();
      this.#over.abort();
    }
  }

  async #untilEnded(process: ProcessIdentity): Promise<void> {
    while (!this.#over.signal.aborted && (await this.#isThere(process))) {
      const wake = AbortSignal.any([this.#look.signal, this.#over.signal]);
      await this.#options.clock.sleep(lookEveryMs, wake).catch(() => {});
      if (this.#look.signal.aborted) this.#look = new AbortController();
    }
  }

  /** Nobody looks any more, or it is there. */
  async #isThere(process: ProcessIdentity): Promise<boolean> {
    return (await this.#patiently(() => isAlive(process))) ?? true;
  }

  /** What cannot be read now, for want of file descriptors say, is read again: unknown is not gone. Undefined once over. */
  async #patiently<T>(read: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        return await read();
      } catch (error) {
        this.#note("the process of a virtual machine cannot be looked at", error);
        await this.#options.clock.sleep(lookEveryMs, signal).catch(() => {});
      }
    }
    return undefined;
  }

  /** Its keeper writes into the folder the moment QEMU ends. */
  #watch(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#options.folder.path, { persistent: false }, (_, name) => {
        if (endings.has(name)) this.#look.abort();
      });
      watcher.on("error", () => watcher.close());
      return watcher;
    } catch {
      return undefined;
    }
  }

  /** What hangs for a while, such as a QEMU that was stopped by a signal, is asked again. */
  async #watchGuest(process: ProcessIdentity): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted && (await this.#isThere(process))) {
      await this.#endWhatCannotGoOn(process).catch((error: unknown) =>
        this.#note("the events of a virtual machine are lost", error),
      );
      await this.#options.clock.sleep(lookEveryMs, signal).catch(() => {});
    }
  }

  /** QEMU serves this socket to one at a time: it is held for as long as the machine runs. */
  async #endWhatCannotGoOn(process: ProcessIdentity): Promise<void> {
    const { folder } = this.#options;
    const { signal } = this.#over;
    const qmp = await openQmp(folder.run, "events", signal, { isStarting: () => isAlive(process) });
    try {
      const stopped = async (): Promise<boolean> => {
        const status = await runState(qmp);
        if (!hopeless.has(status)) return false;
        this.#options.log.warn("a virtual machine is ended, since its guest cannot go on", {
          folder: folder.path,
          state: status,
        });
        // First the reason, then the end, so that whoever sees the end finds the reason.
        await writeFile(folder.failure, `${status}\n`, { mode: 0o600 });
        await signalTo(process, "SIGKILL");
        return true;
      };
      const events = qmp.events();
      if (await stopped()) return;
      for await (const { event } of events) if (event === "STOP" && (await stopped())) return;
    } finally {
      qmp.close();
      this.#look.abort();
    }
  }

  #note(what: string, error: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#options.log.debug(what, { folder: this.#options.folder.path, error: String(error) });
  }
}
