import { expect, it } from "vitest";
import { machineCapacity } from "./machine-capacity.ts";

const gibibyte = 1024 ** 3;

it("a machine keeps a sixteenth of its memory, and at least 256 MiB, from virtual machines", () => {
  expect(machineCapacity(32 * gibibyte).memoryMiB).toBe(30 * 1024);
  expect(machineCapacity(gibibyte).memoryMiB).toBe(768);
  expect(machineCapacity(gibibyte / 8).memoryMiB).toBe(0);
  expect(machineCapacity(gibibyte).overheadMiB).toBe(96);
});
