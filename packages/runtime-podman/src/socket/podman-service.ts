import { chmod, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Backoff, backoffMs, type Clock, isProblem, longestSocketPath, Problem } from "@mcp/base";
import { type Logger, lockFile, type Run } from "@mcp/host";
import { abortable } from "../abortable.ts";
import { isTooOld } from "../info.ts";
import type { Ping } from "./ping.ts";
import { endProcess, findService, isAlive, type ProcessId, spawnService } from "./service-process.ts";

export interface PodmanServiceOptions {
  /** Made if missing, with mode 0700. */
  readonly stateDir: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly ping: Ping;
  readonly run: Run;
  readonly clock: Clock;
  readonly log: Logger;
}

const startMs = 20_000;
const versionMs = 10_000;
/** What another program takes at most to end one that hangs, and to start its own. */
const othersStartMs = 60_000;
const pollMs = 15;
const watchMs = 1_000;
/** After so long a life a death counts as the first. */
const steadyMs = 60_000;
const restarts: Backoff = { firstMs: 200, maxMs: 30_000 };

/**
 * A `podman system service` of our own, for hosts where none is found. It is started when first needed, watched, and
 * started again with backoff when it dies. If we are killed it stays, and the next agent over the same folder takes it
 * over; one that hangs is replaced.
 */
export class PodmanService {
  readonly socketPath: string;
  readonly #options: PodmanServiceOptions;
  readonly #logPath: string;
  readonly #closed = new AbortController();
  #starting: Promise<void> | undefined;
  #watching: Promise<void> | undefined;
  #processes: readonly ProcessId[] = [];
  /** Those that were started here: another program over the same folder may still use the service that it started. */
  #spawned: readonly ProcessId[] = [];

  constructor(options: PodmanServiceOptions) {
    this.#options = options;
    this.socketPath = join(options.stateDir, "podman.sock");
    this.#logPath = join(options.stateDir, "podman.log");
  }

  /**
   * Resolves when it answers.
   * @throws Problem `runtime_unavailable` (also where podman is missing or too old), `config_invalid`.
   */
  async ensure(signal: AbortSignal): Promise<void> {
    this.#closed.signal.throwIfAborted();
    // One start for all who wait.
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    await abortable(this.#starting, signal);
  }

  /** End the service, if it was started here. The containers go on. */
  async close(): Promise<void> {
    this.#closed.abort(
      new Problem("runtime_unavailable", "the agent is shutting down", "start the agent again"),
    );
    await this.#starting?.catch(() => {});
    await this.#watching;
    const alive = await Promise.all(this.#spawned.map(isAlive));
    const left = this.#spawned.filter((_, index) => alive[index]);
    if (left.length === 0) return;
    await this.#end(left, 5_000);
    await rm(this.socketPath, { force: true });
  }

  async #start(): Promise<void> {
    const { stateDir } = this.#options;
    if (Buffer.byteLength(this.socketPath) > longestSocketPath) throw pathTooLong(this.socketPath);
    if (await this.#join()) return;
    await this.#checkPodman();
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await chmod(stateDir, 0o700);
    // One that another program has just started does not answer yet, and would be taken for one that hangs.
    const lock = await open(this.#logPath, "a", 0o600);
    try {
      const { signal } = this.#closed;
      if (!(await lockFile(lock, { waitMs: othersStartMs, signal }))) throw startedByAnother();
      if (!(await this.#join())) await this.#replace();
    } finally {
      await lock.close();
    }
  }

  /** Whether one answers. */
  async #join(): Promise<boolean> {
    const there = await findService(this.socketPath);
    if ((await this.#options.ping(this.socketPath, this.#closed.signal)) === undefined) return false;
    this.#watch(there);
    return true;
  }

  async #replace(): Promise<void> {
    const { env = {}, log } = this.#options;
    const old = await findService(this.socketPath);
    if (old.length > 0) {
      log.warn("podman's service does not answer and is replaced", { pids: old.map(({ pid }) => pid) });
      await this.#end(old, 2_000);
    }
    await rm(this.socketPath, { force: true });
    const child = await spawnService(this.socketPath, this.#logPath, env);
    try {
      await this.#untilItAnswers(() => child.exitCode === null && child.signalCode === null);
      await chmod(this.socketPath, 0o600);
    } finally {
      this.#spawned = await findService(this.socketPath);
    }
    this.#watch(this.#spawned);
    log.info("podman's service was started", { pid: child.pid, socket: this.socketPath });
  }

  async #end(processes: readonly ProcessId[], graceMs: number): Promise<void> {
    await Promise.all(
      processes.map((each) => endProcess(each, graceMs, (ms) => this.#options.clock.sleep(ms))),
    );
  }

  async #checkPodman(): Promise<void> {
    const options = { timeoutMs: versionMs, signal: this.#closed.signal, env: this.#options.env ?? {} };
    const { stdout } = await this.#options.run(["podman", "--version"], options).catch((cause: unknown) => {
      if (isProblem(cause) && cause.code === "tool_missing") throw podmanMissing(cause);
      throw cause;
    });
    const version = /\d+\.\d+\S*/.exec(stdout)?.[0] ?? "";
    if (isTooOld(version)) throw podmanTooOld(version);
  }

  async #untilItAnswers(isRunning: () => boolean): Promise<void> {
    const { clock, ping } = this.#options;
    const deadline = clock.monotonic() + startMs;
    while (isRunning() && clock.monotonic() < deadline) {
      if ((await ping(this.socketPath, this.#closed.signal)) !== undefined) return;
      await clock.sleep(pollMs, this.#closed.signal);
    }
    const said = await readFile(this.#logPath, "utf8").catch(() => "");
    const last = said.trim().split("\n").slice(-3).join("\n");
    throw new Problem(
      "runtime_unavailable",
      `podman's service did not start${last && `: ${last}`}`,
      "see what podman says: podman system service --time=5 unix:///tmp/podman-test.sock",
    );
  }

  #watch(processes: readonly ProcessId[]): void {
    this.#processes = processes;
    this.#watching ??= this.#keepAlive();
  }

  /** What cannot be seen is taken to live: the next call will tell. */
  async #isAlive(): Promise<boolean> {
    if (this.#processes.length === 0) return true;
    return (await Promise.all(this.#processes.map(isAlive))).includes(true);
  }

  /** Runs until it is closed. Never rejects. */
  async #keepAlive(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#closed;
    let deaths = 0;
    let livesSince = clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(watchMs, signal).catch(() => {});
      if (signal.aborted || (await this.#isAlive())) continue;
      if (clock.monotonic() - livesSince > steadyMs) deaths = 0;
      log.warn("podman's service has died and is started again");
      await clock.sleep(backoffMs(restarts, deaths++, 0.5), signal).catch(() => {});
      await this.ensure(signal).then(
        () => {
          livesSince = clock.monotonic();
        },
        (error: unknown) => {
          if (!signal.aborted) log.error("podman's service could not be started", { error });
        },
      );
    }
  }
}

function pathTooLong(path: string): Problem {
  return new Problem(
    "config_invalid",
    `the socket path ${path} is longer than the ${longestSocketPath} bytes that a unix socket may have`,
    "choose a shorter state folder",
  );
}

const startedByAnother = (): Problem =>
  new Problem(
    "runtime_unavailable",
    "another program has been starting podman's service for a minute",
    "end the one that hangs: pgrep --list-full mcp-agent",
  );

function podmanMissing(cause: unknown): Problem {
  return new Problem(
    "runtime_unavailable",
    "podman is not installed, or not on the agent's PATH",
    "install podman 4.3 or later: apt install podman",
    { cause },
  );
}

/** What a user reads whose podman lacks what is needed. */
export function podmanTooOld(version: string): Problem {
  return new Problem("runtime_unavailable", `podman ${version} is too old`, "upgrade to podman 4.3 or later");
}
