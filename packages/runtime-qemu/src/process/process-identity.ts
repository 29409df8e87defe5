import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { bootId as readBootId } from "@mcp/host";

/**
 * One process. A pid alone would name whoever has it by now; with the time at which it started it names
 * one process, or none.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Since boot, in clock ticks: field 22 of `/proc/PID/stat`. Text, since it may outgrow a number and is only compared. */
  readonly startTicks: string;
  /** Of the host's boot in which it was started; absent where only the present one can be meant. */
  readonly bootId?: string;
}

/** `PID STARTTICKS BOOTID`, as a keeper writes it, the last not everywhere; undefined for anything else. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const match = /^([1-9]\d{0,9}) (\d{1,20})(?: ([0-9a-f-]{36}))?\n?$/.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  return { pid: Number(match[1]), startTicks: match[2], ...(match[3] && { bootId: match[3] }) };
}

/** The identity in a file that a keeper wrote; undefined if there is none, or no file. */
export async function readIdentity(path: string): Promise<ProcessIdentity | undefined> {
  return parseIdentity((await readIfThere(path)) ?? "");
}

/** Who has a pid now; undefined if nobody does, or only what is left of one that ended and was not yet waited for. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const text = statOf(pid);
  // The name, field 2, is in parentheses, and may hold spaces and parentheses itself.
  const [state, ...rest] = text?.slice(text.lastIndexOf(")") + 2).split(" ") ?? [];
  const startTicks = rest[18];
  if (state === undefined || startTicks === undefined || state === "Z" || state === "X") return undefined;
  return { pid, startTicks };
}

/** Whether that very process still runs. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const { pid, startTicks, bootId } = identity;
  if (bootId !== undefined && bootId !== (await ownBootId())) return false;
  return (await identityOf(pid))?.startTicks === startTicks;
}

/** Constant for as long as this process runs. */
let ownBoot: string | undefined;
const ownBootId = async (): Promise<string> => (ownBoot ??= await readBootId());

/**
 * Send a signal to that very process, and to nobody who has its pid by now.
 *
 * @returns whether it was there to be sent it.
 */
export async function signalTo(identity: ProcessIdentity, name: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(undefinedIfGone);
}

/**
 * Not by a promise: what the kernel answers from its memory takes a tenth of what it takes to have another thread ask, and each
 * machine's process is asked after all the time.
 */
function statOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    return undefinedIfGone(error as NodeJS.ErrnoException);
  }
}

/** ESRCH: it ended between the opening and the reading. */
function undefinedIfGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
}
