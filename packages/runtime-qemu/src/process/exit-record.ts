import { open } from "node:fs/promises";
import { type ProcessIdentity, parseIdentity } from "./process-identity.ts";

/** How a kept process ended, as its keeper saw it. */
export interface ExitRecord {
  /** Which process: a record of an earlier one says nothing about the present one. */
  readonly identity: ProcessIdentity;
  /** 128 + n where signal n ended it; 126 and 127 where the program could not be started. */
  readonly code: number;
  /**
   * Whether a signal ended it, which the code alone does not tell: a guest that leaves with 68 by debug-exit makes
   * QEMU's code 137. `unknown` where the keeper's shell cannot tell either.
   */
  readonly ended: "exited" | "signal" | "unknown";
  /** When it was written, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** One line and a bit; what is longer was not written by a keeper. */
const longestRecord = 200;

/** What a keeper recorded at `path`; undefined if nothing is there, or nothing that a keeper wrote. */
export async function readExit(path: string): Promise<ExitRecord | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(longestRecord) });
    const { mtimeMs } = await file.stat();
    return parseExit(buffer.toString("utf8", 0, bytesRead), mtimeMs);
  } finally {
    await file.close();
  }
}

/** `PID STARTTICKS BOOTID CODE`, then what the keeper's shell calls the end: `Done(7)`, `Killed`, or nothing. */
export function parseExit(text: string, atMs: number): ExitRecord | undefined {
  const match = /^(\d+ \d+(?: [0-9a-f-]{36})?) (\d{1,3})\n(.*)/s.exec(text);
  const identity = parseIdentity(match?.[1] ?? "");
  if (!match?.[2] || !identity) return undefined;
  const code = Number(match[2]);
  return { identity, code, ended: howItEnded(code, match[3] ?? ""), atMs };
}

function howItEnded(code: number, words: string): ExitRecord["ended"] {
  if (code <= 128 || /\bDone\b/.test(words)) return "exited";
  return words.trim() === "" ? "unknown" : "signal";
}
