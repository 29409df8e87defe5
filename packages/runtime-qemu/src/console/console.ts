import { type FSWatcher, watch } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, isProblem, Problem } from "@mcp/base";
import { type Logger, type Run, run } from "@mcp/host";
import type { GuestOutputs } from "../guest/guest-image.ts";
import type { VmFolder } from "../vm/vm-folder.ts";
import { readUnreadBytes } from "./kept-unread.ts";
import { LineSplitter, type RawLine } from "./line-splitter.ts";
import type { Stream } from "./log-record.ts";
import { RawOutput } from "./raw-output.ts";
import { type StampedLine, StampedLog } from "./stamped-log.ts";

export interface ConsoleOptions {
  readonly folder: VmFolder;
  /** Its `stdout` and `stderr` become the log. */
  readonly outputs: Pick<GuestOutputs, "stdout" | "stderr">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly run?: Run;
  /** Other files in `run` that QEMU appends to; only their last mebibyte stays on disk. */
  readonly bounded?: readonly string[];
  /** Of the stamped log, `log` and `log.1` together. Default 32 MiB. */
  readonly maxLogBytes?: number;
  /** How far behind it goes on without leaving anything out. Default 48 MiB: no more may be there. */
  readonly unreadBytes?: number;
  /** How much of a raw file may stay on disk after it was read. Default 4 MiB. */
  readonly slackBytes?: number;
}

interface Source {
  readonly stream: Stream;
  readonly raw: RawOutput;
  splitter: LineSplitter;
  /** Lines that end up to here were there before anybody looked. */
  foundUpTo: number;
  /** How much was left out, which is told again once all that was written by then is read: by then the log may have turned. */
  gone?: { readonly bytes: number; readonly until: number } | undefined;
}

const mebibyte = 1024 * 1024;
/** A serial line is written byte by byte: a pause after each look lets more come together. */
const gatherMs = 5;
const lookMs = 1_000;
/** Where files cannot be watched. */
const unwatchedLookMs = 100;

/**
 * The console of one virtual machine: tails what QEMU writes, stamps each line when it is read, and appends it to the
 * machine's log. One for each boot, and one for each life of the agent.
 *
 * @example
 * const console = new Console({ folder, outputs: { stdout: "serial" }, clock, log });
 * await console.newBoot(); // then start QEMU; an agent that finds it running calls start() alone
 * console.start();
 * await console.finish(); // once QEMU has ended: all that it wrote is in the log
 */
export class Console {
  readonly #options: ConsoleOptions;
  readonly #bounded: readonly RawOutput[];
  readonly #stop = new AbortController();
  #sources: Source[] = [];
  #stamped: StampedLog | undefined;
  #following: Promise<void> | undefined;
  #watcher: FSWatcher | undefined;
  #wake = new AbortController();
  #hasFailed = false;

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#bounded = (options.bounded ?? []).map((name) => this.#raw(name));
  }

  /**
   * Before QEMU is started, and before `run` is emptied: what an earlier boot left unread is read, its raw files are
   * removed, and reading begins anew.
   * @throws Problem `disk_full`.
   */
  async newBoot(): Promise<void> {
    try {
      await this.#drain();
      await this.#closeFiles();
      const { folder, outputs, bounded = [] } = this.#options;
      const names = [outputs.stdout, outputs.stderr ?? [], bounded].flat();
      for (const name of names) await rm(join(folder.run, name), { force: true });
      const stamped = await this.#openLog();
      await stamped.restart(this.#options.clock.now());
      this.#begin(stamped);
    } catch (error) {
      throw asConsoleProblem(error, this.#options.folder.log);
    }
  }

  /** Begin to follow; returns at once. What is there already counts as found, unless `newBoot` was called before. */
  start(): void {
    this.#following ??= this.#follow();
  }

  /** Once QEMU has ended: read what is left, also a last line that was never ended, and close. Never throws. */
  async finish(): Promise<void> {
    await this.#stopFollowing();
    try {
      await this.#drain();
    } catch (error) {
      this.#warn(error);
    }
    await this.#closeFiles();
  }

  /** The agent goes, the machine stays: the next one goes on from here. */
  async close(): Promise<void> {
    await this.#stopFollowing();
    await this.#closeFiles();
  }

  async #follow(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      this.#watcher ??= this.#watch();
      try {
        const bytes = await this.#round();
        this.#hasFailed = false;
        if (bytes > 0) await clock.sleep(gatherMs, signal).catch(() => {});
        else await this.#untilWoken(this.#watcher ? lookMs : unwatchedLookMs);
      } catch (error) {
        this.#warn(error);
        // All is opened anew: what was read and could not be written down is read again.
        await this.#closeFiles();
        await clock.sleep(lookMs, signal).catch(() => {});
      }
    }
  }

  async #untilWoken(ms: number): Promise<void> {
    if (!this.#stop.signal.aborted) await this.#options.clock.sleep(ms, this.#wake.signal).catch(() => {});
  }

  /** Undefined where the folder is not there yet, or no more files can be watched. */
  #watch(): FSWatcher | undefined {
    try {
      const { folder, outputs } = this.#options;
      const read = new Set([outputs.stdout, outputs.stderr, null]);
      const watcher = watch(folder.run, { persistent: false }, (_, name) => {
        if (read.has(name)) this.#wake.abort();
      });
      watcher.on("error", () => {
        watcher.close();
        this.#watcher = undefined;
      });
      return watcher;
    } catch {
      return undefined;
    }
  }

  /** One look at each output; how many bytes there were. */
  async #round(): Promise<number> {
    const stamped = await this.#ready();
    const lines: StampedLine[] = [];
    let bytes = 0;
    for (const source of this.#sources) {
      lines.push(...(await this.#skip(source)));
      const chunk = await source.raw.read(source.splitter.end);
      bytes += chunk.length;
      const fresh = source.splitter.push(chunk).map(stampable(source));
      lines.push(...fresh, ...goneBefore(source, fresh.at(-1)));
    }
    if (lines.length > 0) await stamped.append(lines, this.#options.clock.now());
    for (const { raw, stream } of this.#sources) await raw.shorten(stamped.positions[stream]);
    for (const raw of this.#bounded) await raw.shorten((await raw.size()) - mebibyte);
    return bytes;
  }

  /** What nobody read in time is gone from the disk, or about to go: that is said where it was. */
  async #skip(source: Source): Promise<readonly StampedLine[]> {
    const { end: from } = source.splitter;
    const size = await source.raw.size();
    const to = size - (this.#options.unreadBytes ?? readUnreadBytes);
    if (to <= from) return [];
    const rest = source.splitter.rest();
    source.splitter = new LineSplitter(to);
    source.gone = { bytes: (source.gone?.bytes ?? 0) + to - from, until: size };
    const bytes = Buffer.from(
      `mcp: ${to - from} bytes were written here that nobody read in time; they are gone`,
    );
    const { stream } = source;
    return [...(rest ? [stampable(source)(rest)] : []), { stream, end: to, bytes, isFound: true }];
  }

  async #drain(): Promise<void> {
    while ((await this.#round()) > 0);
    const stamped = await this.#ready();
    const rests = this.#sources.flatMap((source) => {
      const rest = source.splitter.rest();
      if (!rest) return [];
      const line = stampable(source)(rest);
      return [line, ...goneBefore(source, line)];
    });
    if (rests.length > 0) await stamped.append(rests, this.#options.clock.now());
  }

  /** The log, open, and the outputs, where it says that they were read up to. */
  async #ready(): Promise<StampedLog> {
    if (this.#stamped) return this.#stamped;
    const stamped = await this.#openLog();
    this.#begin(stamped);
    for (const source of this.#sources) {
      source.foundUpTo = await source.raw.size();
      // Not the file that the log knows: another one was begun without us.
      if (source.foundUpTo < source.splitter.end) source.splitter = new LineSplitter(0);
    }
    return stamped;
  }

  #openLog(): Promise<StampedLog> {
    const { folder, maxLogBytes = 32 * mebibyte } = this.#options;
    return StampedLog.open(folder.log, { maxBytes: maxLogBytes });
  }

  #begin(stamped: StampedLog): void {
    const { stdout, stderr } = this.#options.outputs;
    const source = (stream: Stream, name: string): Source => ({
      stream,
      raw: this.#raw(name),
      splitter: new LineSplitter(stamped.positions[stream]),
      foundUpTo: 0,
    });
    this.#stamped = stamped;
    this.#sources = [source("stdout", stdout), ...(stderr === undefined ? [] : [source("stderr", stderr)])];
  }

  #raw(name: string): RawOutput {
    const { folder, log, slackBytes = 4 * mebibyte } = this.#options;
    return new RawOutput(join(folder.run, name), { log, run: this.#options.run ?? run, slackBytes });
  }

  async #stopFollowing(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#following;
    this.#watcher?.close();
  }

  async #closeFiles(): Promise<void> {
    const stamped = this.#stamped;
    this.#stamped = undefined;
    await Promise.all(
      [stamped, ...this.#bounded, ...this.#sources.map(({ raw }) => raw)].map((file) => file?.close()),
    );
  }

  /** Once, and not for each try. */
  #warn(error: unknown): void {
    const problem = asConsoleProblem(error, this.#options.folder.log);
    if (!this.#hasFailed) this.#options.log.warn("a console cannot be written down", { error: problem });
    this.#hasFailed = true;
  }
}

const stampable =
  ({ stream, foundUpTo }: Source) =>
  ({ bytes, end }: RawLine): StampedLine => ({ stream, end, bytes, isFound: end <= foundUpTo });

function goneBefore(source: Source, last: StampedLine | undefined): readonly StampedLine[] {
  if (!source.gone || !last || last.end < source.gone.until) return [];
  const text = `mcp: before the lines above, ${source.gone.bytes} bytes are gone that nobody read in time`;
  source.gone = undefined;
  return [{ ...last, bytes: Buffer.from(text), isFound: true }];
}

function asConsoleProblem(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (isProblem(error) || (code !== "ENOSPC" && code !== "EDQUOT")) return error;
  return new Problem("disk_full", `no space left to write ${path}`, "make room: df -h", { cause: error });
}
