import { availableParallelism, totalmem } from "node:os";
import type { Size } from "@mcp/registry";

/** Most virtual machines wait most of the time; ten small ones fit on two cores. More only get in each other's way. */
const vcpusPerCore = 8;

/** For the system, the agent, containers, and what each QEMU takes besides its guest's memory. */
const leastKeptMiB = 256;
const keptPart = 1 / 16;

/** What all virtual machines of this machine may be promised together: not its whole memory, which others need as well. */
export function machineCapacity(totalBytes = totalmem()): Size {
  const totalMiB = Math.floor(totalBytes / 1024 / 1024);
  const kept = Math.max(leastKeptMiB, Math.ceil(totalMiB * keptPart));
  return { memoryMiB: Math.max(0, totalMiB - kept), vcpus: vcpusPerCore * availableParallelism() };
}
