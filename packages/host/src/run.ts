import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { basename } from "node:path";
import { Problem, printDuration } from "@mcp/base";
import { setprivFailure, withoutCapabilities } from "./capabilities.ts";
import { couldNotStart } from "./could-not-start.ts";
import { OutputCollector } from "./output-collector.ts";

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Written to its standard input, which is then closed. Default: closed at once. */
  readonly stdin?: string | Uint8Array;
  /** A file that is its standard input, in place of `stdin`. */
  readonly stdinPath?: string;
  /** Added to this process's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly maxOutputBytes?: number;
  /** A non-zero exit code is an answer and no failure. */
  readonly anyExitCode?: boolean;
  /** It has the capabilities that this process was given; else it has none of them. See `withoutCapabilities`. */
  readonly keepsCapabilities?: boolean;
}

export interface RunResult {
  /** 128 + n where signal n ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  /** At most its last 64 KiB. */
  readonly stderr: string;
}

/** The seam: what starts programs takes a `Run`, and a test passes its own. */
export type Run = (argv: readonly string[], options?: RunOptions) => Promise<RunResult>;

const killAfterMs = 5_000;
const drainMs = 500;
const stderrBytes = 64 * 1024;

/**
 * Run a program to its end and return what it printed. No shell: `argv` arrives as given.
 *
 * @param options.timeoutMs  milliseconds until SIGTERM; SIGKILL follows 5 000 ms later. Default 60 000. Both go to all
 *   that the program started, unless it moved to a session of its own.
 * @param options.maxOutputBytes  of stdout, beyond which it is killed with `tool_failed`. Default 16 MiB.
 * @throws Problem `tool_missing` if not installed; `tool_failed` on a non-zero exit, with the last 20 lines of stderr;
 *   `tool_timeout`. An abort rethrows `signal.reason`, after the program is gone.
 * @example const { stdout } = await run(["podman", "--version"], { timeoutMs: 2_000, signal });
 */
export const run: Run = async (argv, options = {}) => {
  const [program = ""] = argv;
  const [first = "", ...args] = options.keepsCapabilities ? argv : withoutCapabilities(argv);
  const { timeoutMs = 60_000, maxOutputBytes = 16 * 1024 * 1024, signal } = options;
  signal?.throwIfAborted();
  const stdinFile = options.stdinPath === undefined ? undefined : openSync(options.stdinPath, "r");
  const child = spawn(first, args, {
    // The types know no file here; with one, there is no `child.stdin`.
    stdio: [(stdinFile as undefined) ?? "pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    // A group of its own, so that a kill reaches its children too.
    detached: true,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  if (stdinFile !== undefined) closeSync(stdinFile);

  let cutShort: { readonly reason: unknown } | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const cut = (reason: unknown) => {
    if (cutShort) return;
    cutShort = { reason };
    killGroup(child, "SIGTERM");
    killTimer = setTimeout(() => killGroup(child, "SIGKILL"), killAfterMs);
  };
  const stdout = new OutputCollector(child.stdout, maxOutputBytes, () =>
    cut(failed(program, `printed more than ${maxOutputBytes} bytes`, "")),
  );
  const stderr = new OutputCollector(child.stderr, stderrBytes);
  const timer = setTimeout(() => cut(timedOut(program, timeoutMs)), timeoutMs);
  const onAbort = () => cut(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  // A program may exit without reading what it was given.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.stdin ?? "");

  try {
    const exitCode = await ended(program, child);
    if (cutShort) throw cutShort.reason;
    const result = { exitCode, stdout: stdout.text(), stderr: stderr.text() };
    const unstarted = first === program ? undefined : setprivFailure(exitCode, result.stderr);
    if (unstarted) throw couldNotStart(program, Object.assign(new Error(result.stderr), { code: unstarted }));
    if (exitCode !== 0 && !options.anyExitCode) {
      throw failed(program, `failed with exit code ${exitCode}`, result.stderr || result.stdout);
    }
    return result;
  } finally {
    clearTimeout(timer);
    clearTimeout(killTimer);
    signal?.removeEventListener("abort", onAbort);
  }
};

/** Its exit code, once its output is read to the end. */
function ended(program: string, child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(couldNotStart(program, cause)));
    child.once("exit", (code, signalName) => {
      const exitCode = code ?? 128 + signalNumber(signalName);
      child.once("close", () => resolve(exitCode));
      // A daemon that it left behind may hold its output open for ever.
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, drainMs).unref();
    });
  });
}

function killGroup(child: ChildProcess, signalName: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signalName);
  } catch {
    // It ended meanwhile.
  }
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 0 : (constants.signals[name] ?? 0);
}

function failed(program: string, what: string, output: string): Problem {
  const last = output.trimEnd().split("\n").slice(-20).join("\n");
  const name = basename(program);
  return new Problem("tool_failed", `${name} ${what}${last && `:\n${last}`}`, `see what ${name} says above`);
}

function timedOut(program: string, timeoutMs: number): Problem {
  const name = basename(program);
  return new Problem(
    "tool_timeout",
    `${name} did not end within ${printDuration(timeoutMs)}`,
    `see whether ${name} hangs`,
  );
}
