import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { GuestOutputs } from "../guest/guest-image.ts";
import type { VmFolder } from "./vm-folder.ts";

/** What a guest says besides its program's output, none of it believed beyond what it is for. */
export interface GuestWords {
  /** Of its status file, a line each: at most the last few. */
  readonly status: readonly string[];
  /** Whether anything has come out of it yet. */
  readonly hasSpoken: boolean;
  /** It says more than any guest of ours would, so that what it said first is out of sight. */
  readonly isFlooded: boolean;
}

const statusBytes = 4_096;

export async function readGuestWords(folder: VmFolder, outputs: GuestOutputs): Promise<GuestWords> {
  const said = await readEnd(join(folder.run, outputs.status ?? outputs.stdout), statusBytes);
  const status = outputs.status === undefined ? [] : completeLines(said.text);
  return { status, hasSpoken: said.size > 0, isFlooded: said.size > statusBytes };
}

/** What a guest's kernel says on the serial line of how its program ended, as Linux and Nanos do. */
export interface KernelWords {
  /** It ended it for want of memory. */
  readonly outOfMemory: boolean;
  /** Nanos alone: it ended it by a signal, whose number is the exit code then. */
  readonly bySignal: boolean;
}

export async function readKernelWords(folder: VmFolder): Promise<KernelWords> {
  const { text } = await readEnd(join(folder.run, "serial"), 64 * 1024);
  return kernelWordsIn(text);
}

/** Pure. */
export const kernelWordsIn = (serial: string): KernelWords => ({
  outOfMemory:
    /Out of memory: (?:Killed process|cannot allocate)|Kernel panic.*Out of memory|page fill failed with \(result:out of memory\)|page fault: out of memory/i.test(
      serial,
    ),
  bySignal: /^ {3}(?:terminate|core dump)\r?$/m.test(serial.slice(-512)),
});

const completeLines = (text: string): string[] => text.split("\n").slice(0, -1);

/** Empty if it is not there. No link is followed: QEMU, which may write there, could have put one. */
async function readEnd(path: string, bytes: number): Promise<{ text: string; size: number }> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return { text: "", size: 0 };
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) return { text: "", size: 0 };
    const { size } = found;
    const buffer = Buffer.alloc(Math.min(size, bytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, Math.max(0, size - bytes));
    return { text: buffer.toString("utf8", 0, bytesRead), size };
  } finally {
    await file.close();
  }
}

/** What QEMU or a daemon of ours complained of. */
export async function readErrors(path: string): Promise<string> {
  return (await readEnd(path, 16 * 1024)).text;
}

/** The last lines of the serial line, for people. */
export async function readSerialEnd(folder: VmFolder): Promise<string[]> {
  const { text } = await readEnd(join(folder.run, "serial"), 4_096);
  return text
    .split(/\r?\n/)
    .map(printable)
    .filter((line) => line !== "")
    .slice(-5);
}

/** A guest may print what a terminal would obey. */
export const printable = (line: string): string => line.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, "").trim();
