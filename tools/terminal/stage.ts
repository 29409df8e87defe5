import { isProblem } from "@mcp/base";

const live = process.stdout.isTTY === true && process.env.TERM !== "dumb";
const colour = live && !process.env.NO_COLOR;
const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export const red = (text: string): string => paint(31, text);
export const green = (text: string): string => paint(32, text);
export const dim = (text: string): string => paint(2, text);

const clear = live ? "\r\u001b[K" : "";
const say = (text: string): void => void process.stdout.write(text);

/** One line of what a tool does: drawn in place on a terminal while it runs, and ticked when it is done. */
export interface Stage {
  /** How far it is; seen on a terminal only. */
  progress(text: string): void;
  /** Done; `text` says what came of it. */
  tick(text?: string): void;
  /** It failed; the caller says how. */
  cross(text?: string): void;
}

/** The stage that runs, so that a failure can cross it. */
let current: Stage | undefined;

/** Looks as the stages of `tools/lib/say.sh` do, which come before node is there. */
export function stage(name: string): Stage {
  const began = performance.now();
  const end = (mark: string, text: string) => {
    current = undefined;
    say(`${clear}  ${mark} ${text.padEnd(66)} ${dim(printSeconds(performance.now() - began))}\n`);
  };
  if (live) say(`${clear}  … ${name}`);
  current = {
    progress: (text) => live && say(`${clear}  … ${name} ${dim(text)}`),
    tick: (text = name) => end(green("✓"), text),
    cross: (text = name) => end(red("✗"), text),
  };
  return current;
}

/** A line between stages. */
export function line(text = ""): void {
  say(`${clear}${text}\n`);
}

export function printSeconds(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms / 1000) % 60)} s`;
}

/** The end of a tool: what a user can mend is shown in two lines, a bug with its stack. */
export async function main(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    process.exitCode = 1;
    current?.cross();
    if (isUsage(thrown)) return void process.stderr.write(`    ${thrown.message}\n    see: --help\n`);
    if (!isProblem(thrown)) throw thrown;
    process.stderr.write(`    ${thrown.message.replaceAll("\n", "\n    │ ")}\n    ${thrown.hint}\n`);
  }
}

/** What `parseArgs` throws of a command line that makes no sense. */
const isUsage = (thrown: unknown): thrown is Error =>
  thrown instanceof Error && String((thrown as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");
