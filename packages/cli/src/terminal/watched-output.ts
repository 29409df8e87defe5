import { Problem } from "@mcp/base";

const lost = new AbortController();

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** Aborted when standard output takes nothing more, for another reason than that its reader went away. */
export const outputLost: AbortSignal = lost.signal;

/**
 * From now on an error of standard output is kept for `outputEnded`. It must not reach the listeners: each copy of oclif,
 * also a plugin's, adds one that throws it, which ends the process with a stack. That a reader went away still does.
 *
 * An error of standard error is dropped: there is nowhere left to tell it, and the exit code says how the command ended.
 */
export function watchOutput(): void {
  const { stdout, stderr } = process;
  const emitOfStderr = stderr.emit.bind(stderr) as Emit;
  stderr.emit = (event: string | symbol, ...args: unknown[]) =>
    event === "error" || emitOfStderr(event, ...args);
  const emit = stdout.emit.bind(stdout) as Emit;
  stdout.emit = (event: string | symbol, ...args: unknown[]) => {
    const [error] = args;
    if (event !== "error" || (error as NodeJS.ErrnoException).code === "EPIPE") return emit(event, ...args);
    lost.abort(error);
    return true;
  };
}

/**
 * Wait until what was written is out: an error of it comes only after the command that wrote it has ended.
 * @returns what went wrong; undefined where nothing did, or where the reader went away, which is no problem of mcp's.
 */
export async function outputEnded(): Promise<Problem | undefined> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  return lost.signal.aborted ? outputProblem(lost.signal.reason) : undefined;
}

function outputProblem(error: NodeJS.ErrnoException): Problem {
  const isFull = error.code === "ENOSPC" || error.code === "EDQUOT";
  const why = isFull ? "no space left on device" : reasonOf(error);
  const message = `cannot write to standard output: ${why}`;
  return new Problem(isFull ? "disk_full" : "output_failed", message, "", { cause: error });
}

/** `i/o error` of `EIO: i/o error, write`. */
const reasonOf = ({ message }: Error): string => message.replace(/^[A-Z0-9]+: /, "").replace(/, write$/, "");
