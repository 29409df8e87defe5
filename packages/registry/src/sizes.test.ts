import { describe, expect, it } from "vitest";
import { deployed, open, problemOf, proposalFor } from "../test/temporary.ts";
import type { Registry } from "./registry.ts";
import { type Capacity, type SizeClaim, sizeOf } from "./sizes.ts";

const size = (memoryMiB: number, more: Partial<SizeClaim> = {}): SizeClaim => ({
  component: "vm",
  memoryMiB,
  vcpus: 1,
  isBeside: false,
  ...more,
});
const openWith = (memoryMiB: number, vcpus = 16) =>
  open({ capacity: () => ({ memoryMiB, vcpus }) }).then(({ registry }) => registry);
const deploy = (registry: Registry, service: string, ...sizes: readonly SizeClaim[]) =>
  deployed(
    registry,
    service,
    sizes.map(({ component }) => `${component}:${service}-${component}`),
    { sizes },
  );
const propose = async (registry: Registry, service: string, ...sizes: readonly SizeClaim[]) =>
  registry.propose(
    await proposalFor(
      registry,
      service,
      sizes.map(({ component }) => `${component}:${service}-${component}`),
      { sizes },
    ),
  );
const promisedMiB = async (registry: Registry): Promise<number> =>
  sizeOf((await registry.promises()).promised).memoryMiB;

describe("what virtual machines are promised", () => {
  it("is refused with the sums when it does not fit, and nothing is recorded", async () => {
    const registry = await openWith(1_000);
    await deploy(registry, "big", size(600));
    await deploy(registry, "small", size(100));
    expect(await problemOf(propose(registry, "web", size(301)))).toMatchObject({
      code: "resources_exhausted",
      message:
        "the virtual machines of web want 301 MiB of memory, and 300 MiB of 1000 MiB are free; " +
        "promised to others: 700 MiB (big/vm 600 MiB, small/vm 100 MiB)",
      hint: "ask for less, or stop another one: mcp stop big; see the sums: mcp node status",
    });
    expect(await registry.service("web")).toBeUndefined();
    await deploy(registry, "web", size(300));
    expect(await promisedMiB(registry)).toBe(1_000);
  });

  it("counts the components of a service together, and vcpus as well as memory", async () => {
    const registry = await openWith(1_000, 3);
    const three = [size(10, { component: "a", vcpus: 2 }), size(10, { component: "b", vcpus: 2 })];
    const { message } = await problemOf(propose(registry, "web", ...three));
    expect(message).toBe("the virtual machines of web want 4 vcpus, and 3 vcpus of 3 vcpus are free");
  });

  it("is asked for a larger node where the machine is too small for it alone", async () => {
    const registry = await openWith(100);
    expect((await problemOf(propose(registry, "web", size(101)))).hint).toContain("larger node");
  });

  it("is never given twice, however many ask at once", async () => {
    const registry = await openWith(1_000);
    const names = Array.from({ length: 10 }, (_, index) => `web-${index}`);
    const ends = await Promise.allSettled(names.map((name) => propose(registry, name, size(300))));
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect(await promisedMiB(registry)).toBe(900);
  });

  it("is the larger of old and new while an update stops first", async () => {
    const registry = await openWith(1_000);
    await deploy(registry, "web", size(600));
    await propose(registry, "web", size(400));
    expect(await promisedMiB(registry)).toBe(600);
    await registry.accept("web", { keep: [] });
    expect(await promisedMiB(registry)).toBe(400);
    await propose(registry, "web", size(1_000));
    expect(await promisedMiB(registry)).toBe(1_000);
  });

  it("is the sum of both while an update starts first", async () => {
    const registry = await openWith(1_000);
    await deploy(registry, "web", size(600));
    const beside = size(500, { isBeside: true });
    expect(await problemOf(propose(registry, "web", beside))).toMatchObject({ code: "resources_exhausted" });
    await deploy(registry, "web", size(400, { isBeside: true }));
    expect(await promisedMiB(registry)).toBe(400);
    // That it once started beside another says nothing of the next one.
    await propose(registry, "web", size(700));
    expect(await promisedMiB(registry)).toBe(700);
  });

  it("ends with a failed candidate, once that is gone", async () => {
    const registry = await openWith(1_000);
    await deploy(registry, "web", size(100));
    await propose(registry, "web", size(900));
    await registry.reject("web");
    expect(await promisedMiB(registry)).toBe(900);
    await registry.discard("web");
    expect(await promisedMiB(registry)).toBe(100);
    await registry.setDesired("web", "absent");
    expect(await promisedMiB(registry)).toBe(0);
    await registry.forget("web");
    expect(await promisedMiB(registry)).toBe(0);
  });

  it("does not count while it is stopped, so that starting it again can be refused", async () => {
    const registry = await openWith(1_000);
    await deploy(registry, "first", size(600));
    await registry.setDesired("first", "stopped");
    await deploy(registry, "second", size(600));
    expect(await problemOf(registry.setDesired("first", "running"))).toMatchObject({
      code: "resources_exhausted",
    });
    expect(await registry.service("first")).toMatchObject({ desired: "stopped" });
    await registry.setDesired("second", "stopped", ["vm"]);
    await registry.setDesired("first", "running", ["vm"]);
    expect(await promisedMiB(registry)).toBe(600);
  });

  it("stays while a deploy that stops it is on trial, since it comes back if that fails", async () => {
    const registry = await openWith(1_000);
    await deploy(registry, "web", size(600));
    const stopping = await proposalFor(registry, "web", ["vm:web-vm"], { sizes: [size(600)] });
    const components = [{ name: "vm", knownName: "web-vm", desired: "stopped" as const }];
    await registry.propose({ ...stopping, desired: "stopped", components });
    expect(await promisedMiB(registry)).toBe(600);
    await registry.accept("web", { keep: [] });
    expect(await promisedMiB(registry)).toBe(0);
  });

  it("is not refused to what asks for no more than it had, though the machine has become smaller", async () => {
    let capacity: Capacity = { memoryMiB: 1_000, vcpus: 4 };
    const { registry } = await open({ capacity: () => capacity });
    await deploy(registry, "a", size(500));
    await deploy(registry, "b", size(500));
    capacity = { memoryMiB: 600, vcpus: 4 };
    await registry.setDesired("a", "running");
    await deploy(registry, "a", size(400));
    expect(await problemOf(propose(registry, "a", size(401)))).toMatchObject({ code: "resources_exhausted" });
  });

  it("can be asked about without a proposal", async () => {
    const registry = await openWith(1_000);
    await deploy(registry, "web", size(600));
    const check = (service: string, memoryMiB: number) =>
      registry.checkClaims({
        service,
        components: [{ name: "vm", knownName: `${service}-vm`, desired: "running" }],
        ports: [],
        sizes: [size(memoryMiB)],
        addresses: [],
      });
    await check("shop", 400);
    await check("web", 1_000);
    expect(await problemOf(check("shop", 401))).toMatchObject({ code: "resources_exhausted" });
    expect(await promisedMiB(registry)).toBe(600);
  });

  it("is as much as anybody wants where no capacity is given", async () => {
    const { registry } = await open();
    await deploy(registry, "web", size(1_000_000));
    expect(await registry.promises()).toEqual({
      promised: [{ service: "web", component: "vm", memoryMiB: 1_000_000, vcpus: 1, overheadMiB: 0 }],
    });
  });

  it("counts with each machine what its QEMU takes besides, also twice while two stand side by side", async () => {
    const { registry } = await open({ capacity: () => ({ memoryMiB: 1_000, vcpus: 16, overheadMiB: 50 }) });
    await deploy(registry, "big", size(450));
    await deploy(registry, "small", size(100, { component: "a" }), size(100, { component: "b" }));
    expect(await problemOf(propose(registry, "web", size(151)))).toMatchObject({
      message:
        "the virtual machines of web want 151 + 50 MiB of memory, and 200 MiB of 1000 MiB are free; " +
        "promised to others: 800 MiB (big/vm 450 + 50 MiB, small/a 100 + 50 MiB, small/b 100 + 50 MiB); " +
        "QEMU itself takes 50 MiB for each machine",
    });
    const besides = (memoryMiB: number) => propose(registry, "big", size(memoryMiB, { isBeside: true }));
    expect(await problemOf(besides(151))).toMatchObject({
      message: expect.stringContaining(
        "of big want 601 + 100 MiB of memory, and 700 MiB of 1000 MiB are free",
      ),
    });
    await besides(150);
    expect((await registry.promises()).promised[0]).toMatchObject({ memoryMiB: 600, overheadMiB: 100 });
  });

  it("is what it was where an older agent, that knew of no overhead, promised more than there is now", async () => {
    let capacity: Capacity = { memoryMiB: 1_000, vcpus: 4 };
    const { registry } = await open({ capacity: () => capacity });
    await deploy(registry, "a", size(500));
    await deploy(registry, "b", size(500));
    capacity = { ...capacity, overheadMiB: 96 };
    await deploy(registry, "a", size(500));
    await registry.setDesired("b", "running");
    expect(await problemOf(propose(registry, "a", size(501)))).toMatchObject({ code: "resources_exhausted" });
  });
});
