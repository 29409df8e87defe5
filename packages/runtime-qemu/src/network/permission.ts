import { readFile } from "node:fs/promises";

/** CAP_NET_ADMIN in a set of capabilities as the kernel prints them. */
const netAdmin = 1n << 12n;

/** Whether programs that this process starts may change the network of this host. */
export async function mayChangeNetwork(status = readFile("/proc/self/status", "utf8")): Promise<boolean> {
  return mayProgramsChangeNetwork(await status.catch(() => ""));
}

/**
 * From `/proc/PID/status`. What root starts has all that is in the bounding set; what another user starts, only what is in the
 * ambient one, whatever the process itself may do.
 */
export function mayProgramsChangeNetwork(status: string): boolean {
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(\\S+)\\s*(\\S*)`, "m").exec(status)?.[0] ?? "";
  const effectiveUid = field("Uid").split(/\s+/)[2];
  const set = field(effectiveUid === "0" ? "CapBnd" : "CapAmb").split(/\s+/)[1] ?? "0";
  return /^[0-9a-f]+$/.test(set) && (BigInt(`0x${set}`) & netAdmin) !== 0n;
}
