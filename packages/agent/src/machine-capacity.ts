import { availableParallelism, totalmem } from "node:os";
import type { Size } from "@mcp/registry";

/** Most virtual machines wait most of the time; ten small ones fit on two cores. More only get in each other's way. */
const vcpusPerCore = 8;

/** What all virtual machines of this machine may be promised together. */
export const machineCapacity = (): Size => ({
  memoryMiB: Math.floor(totalmem() / 1024 / 1024),
  vcpus: vcpusPerCore * availableParallelism(),
});
