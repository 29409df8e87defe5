import type { WorkloadExit } from "@mcp/runtime";

/** What is known of how a virtual machine ended. */
export interface Ending {
  readonly atMs: number;
  /** How QEMU ended, if its keeper was there to see it: the code is 128 + n where signal n ended it. */
  readonly qemu?: { readonly code: number; readonly ended: "exited" | "signal" | "unknown" };
  /** What the guest said of its program, line by line: `started`, `exit 7`, `signal 11`, `failed no such program`. */
  readonly status: readonly string[];
  /** Whether the guest's kernel said that it had no memory left. */
  readonly outOfMemory: boolean;
  /** Whether it said that it ended the program by a signal. */
  readonly bySignal: boolean;
  /** Why QEMU was ended by us, because its guest could not go on: `internal-error`, where KVM cannot emulate something. */
  readonly failure?: string;
  /** What QEMU itself complained of. */
  readonly complaint?: string | undefined;
  /** The guest ends QEMU with `(code << 1) | 1`: what QEMU's isa-debug-exit device does with the byte it is given. */
  readonly hasDebugExit: boolean;
}

/**
 * How the program ended, as well as can be known. The guest's own word counts most; without it, QEMU's exit code tells
 * a QEMU that was killed (137) from a guest that reset or powered off with no word (0), which programs do not do.
 */
export function exitOf({
  atMs,
  qemu,
  failure,
  status,
  outOfMemory,
  bySignal,
  complaint,
  hasDebugExit,
}: Ending): WorkloadExit {
  const [, how, code] = lastMatch(status, /^(exit|signal) (\d{1,3})$/) ?? [];
  if (how === "exit") return { atMs, code: Number(code), reason: "exited" };
  if (how === "signal") {
    const reason = outOfMemory && code === "9" ? "out-of-memory" : "signal";
    return { atMs, code: 128 + Number(code), reason };
  }
  if (failure !== undefined) return { atMs, reason: "crashed" };
  if (!qemu) return { atMs, reason: "unknown" };
  const wasKilled = qemu.ended === "signal" || (qemu.ended === "unknown" && qemu.code > 128);
  if (wasKilled) return { atMs, code: qemu.code, reason: "signal" };
  if (hasDebugExit && isGuestsCode(qemu.code, complaint))
    return { atMs, ...unikernelExit(qemu.code >> 1, outOfMemory, bySignal) };
  return { atMs, reason: outOfMemory ? "out-of-memory" : "crashed" };
}

/** Nanos leaves with the number of the signal that ended its program, and with 127 when it gives up itself. */
function unikernelExit(
  code: number,
  outOfMemory: boolean,
  bySignal: boolean,
): Pick<WorkloadExit, "code" | "reason"> {
  if (!bySignal) return { code, reason: outOfMemory && code === 127 ? "out-of-memory" : "exited" };
  return { code: 128 + code, reason: outOfMemory ? "out-of-memory" : "signal" };
}

/** Whether the guest left by debug-exit. QEMU itself fails with 1, too, but has a word for it. */
export const isGuestsCode = (qemuCode: number, complaint: string | undefined): boolean =>
  qemuCode % 2 === 1 && !(qemuCode === 1 && complaint !== undefined);

function lastMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  return lines.map((line) => pattern.exec(line)).findLast((match) => match !== null) ?? undefined;
}
