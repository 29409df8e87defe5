import { expect, it } from "vitest";
import { busyShare, cpuTimes, diskFacts, parseCpuTimes } from "./machine.ts";

const stat = (numbers: string) => `cpu  ${numbers}\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 12\n`;

it("cpus wait while they are idle or wait for a disk, and a guest's time is counted once", () => {
  expect(parseCpuTimes(stat("10 20 30 900 40 5 5 10 7 3"))).toEqual({ busy: 80, total: 1_020 });
});

it.each(["", "cpu0 1 2 3 4\n", "cpu  1 2\n"])("what is no such file tells nothing: %j", (text) => {
  expect(parseCpuTimes(text)).toBeUndefined();
});

it("the share that was busy lies between two moments", () => {
  const before = { busy: 100, total: 1_000 };
  expect(busyShare(before, { busy: 150, total: 1_200 })).toBe(0.25);
  expect(busyShare(before, before)).toBeUndefined();
  expect(busyShare(before, { busy: 99, total: 1_010 })).toBe(0);
});

it("this machine tells its own", async () => {
  const { busy, total } = (await cpuTimes()) ?? { busy: 0, total: 0 };
  expect(busy).toBeGreaterThan(0);
  expect(total).toBeGreaterThan(busy);
  const [disk] = await diskFacts({ use: "root", path: "/" });
  expect(disk?.totalBytes).toBeGreaterThan(disk?.availableBytes ?? 0);
  expect(await diskFacts({ use: "gone", path: "/no/such/folder" })).toEqual([]);
});
