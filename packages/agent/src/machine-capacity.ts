import { availableParallelism, totalmem } from "node:os";
import type { Capacity } from "@mcp/registry";

/** Most virtual machines wait most of the time; ten small ones fit on two cores. More only get in each other's way. */
const vcpusPerCore = 8;

/** For the system, the agent and containers. */
const leastKeptMiB = 256;
const keptPart = 1 / 16;

/**
 * What QEMU, its keeper and its daemons take besides the memory that the guest sees. Measured on QEMU 7.2 under TCG, for
 * guests of 96 to 512 MiB, as what their processes do not share: 70 MiB after the boot, and 87 MiB in a guest whose program
 * makes code as it runs, since the cache of translated code is kept to 64 MiB. It does not grow with the guest's memory.
 */
const overheadMiB = 96;

/** What all virtual machines of this machine may be promised together: not its whole memory, which others need as well. */
export function machineCapacity(totalBytes = totalmem()): Capacity {
  const totalMiB = Math.floor(totalBytes / 1024 / 1024);
  const kept = Math.max(leastKeptMiB, Math.ceil(totalMiB * keptPart));
  return {
    memoryMiB: Math.max(0, totalMiB - kept),
    vcpus: vcpusPerCore * availableParallelism(),
    overheadMiB,
  };
}
