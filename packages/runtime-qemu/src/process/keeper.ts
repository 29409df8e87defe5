import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdir, rm, unlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Problem } from "@mcp/base";
import { withoutCapabilities } from "@mcp/host";
import { findProgram } from "./find-program.ts";
import { keeperScript } from "./keeper-script.ts";
import { type ProcessIdentity, parseIdentity, readIdentity } from "./process-identity.ts";

export interface KeptProcess {
  /** Where the program is started; relative paths in `argv` begin there. */
  readonly cwd: string;
  /** The program and its arguments; no shell reads them. See `asUser`. */
  readonly argv: readonly string[];
  /** Absolute, outside of what the program may write. */
  readonly files: KeeperFiles;
}

export interface KeeperFiles {
  /** Written before the program is started: `readIdentity`. */
  readonly pid: string;
  /** Written when it has ended: `readExit`. One of an earlier process is removed first. */
  readonly exit: string;
  /** Its stderr, and the shell's where it could not be started. */
  readonly errors: string;
}

/** Three small programs are started; this is for a machine that has stopped answering. */
const startWithinMs = 20_000;
const longestAnswer = 64 * 1024;

/**
 * Start a program that is nobody's child and outlives this process, with a keeper that writes down how it ends. It gets
 * nothing of this process's environment but PATH, no standard input, and its stdout leads nowhere.
 *
 * That the program itself could not be started is seen in its end: code 126 or 127, with the reason in `errors`.
 *
 * @throws Problem `disk_full`, `start_failed`, `tool_missing`, `runtime_timeout`; nothing was started then.
 */
export async function startKept({ cwd, argv, files }: KeptProcess): Promise<ProcessIdentity> {
  const shell = await keeperShell();
  await rm(files.exit, { force: true });
  // Of this start alone: a keeper of an earlier one that comes late must not take it for its own.
  const due = `${files.pid}${dueMark}${randomBytes(8).toString("hex")}`;
  await writeFile(due, "", { mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
    throw failed(cause.code === "ENOSPC" ? "no space left" : cause.message, files);
  });
  const parameters = [cwd, due, files.pid, files.exit, files.errors, ...argv];
  const keeper = ["setsid", "--fork", ...shell, "-c", keeperScript, "mcp-vm-keeper", ...parameters];
  const [first = "", ...rest] = withoutCapabilities(keeper);
  const child = spawn(first, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: "/",
    env: { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const answers = { stdout: "", stderr: "" };
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      answers[name] = (answers[name] + text).slice(-longestAnswer);
    });
  }
  child.once("close", () => resolve());
  child.once("error", (cause) => reject(cannotSpawn(cause)));
  const timer = setTimeout(() => reject(hangs(files)), startWithinMs);
  try {
    await closed;
  } catch (error) {
    const started = (await revoke(due)) ? undefined : await readIdentity(files.pid);
    if (started) return started;
    throw error;
  } finally {
    clearTimeout(timer);
    child.stdout.destroy();
    child.stderr.destroy();
  }
  const identity = parseIdentity(answers.stdout);
  if (identity) return identity;
  await revoke(due);
  throw failed(answers.stderr, files);
}

const dueMark = ".due-";

/**
 * From now on no keeper starts what it was once told to. One that has begun to is in `pid`: who is told so reads that
 * again.
 */
export async function revokeStart({ pid }: Pick<KeeperFiles, "pid">): Promise<void> {
  const folder = dirname(pid);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const name of names)
    if (name.startsWith(`${basename(pid)}${dueMark}`)) await revoke(join(folder, name));
}

/** False if it was taken before, or revoked. */
async function revoke(due: string): Promise<boolean> {
  return unlink(due).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}

/**
 * The smallest shell that there is, and that can tell an exit code above 128 from a signal: dash and busybox weigh half of
 * what bash does, which `/bin/sh` is on some systems.
 */
let foundShell: Promise<readonly string[]> | undefined;
export function keeperShell(): Promise<readonly string[]> {
  foundShell ??= findShell();
  return foundShell;
}

async function findShell(): Promise<readonly string[]> {
  const dash = await findProgram("dash");
  if (dash) return [dash];
  const busybox = await findProgram("busybox");
  return busybox ? [busybox, "sh"] : ["/bin/sh"];
}

function cannotSpawn(cause: Error): Problem {
  const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
  return isMissing
    ? new Problem("tool_missing", "setsid is not installed, or not on the PATH", "install util-linux", {
        cause,
      })
    : new Problem(
        "start_failed",
        `no process could be started: ${cause.message}`,
        "see what is free: free -m",
        {
          cause,
        },
      );
}

function failed(stderr: string, files: KeeperFiles): Problem {
  const last = stderr.trimEnd().split("\n").at(-1)?.slice(0, 500) ?? "";
  if (/no space left|quota exceeded|write error|i\/o error/i.test(stderr)) {
    return new Problem("disk_full", `no space left to write ${files.pid}`, `make room: df -h ${files.pid}`);
  }
  return new Problem(
    "start_failed",
    `the keeper of a process could not start it: ${last || "it said nothing"}`,
    `look at: ls -ld ${files.pid}`,
  );
}

function hangs(files: KeeperFiles): Problem {
  return new Problem(
    "runtime_timeout",
    `the keeper of a process did not start it within ${startWithinMs / 1_000} s`,
    `see whether the disk answers: ls -l ${files.pid}`,
  );
}
