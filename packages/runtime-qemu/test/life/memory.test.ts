import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type QemuRig, rigMissing, startQemuRig } from "../rig.ts";

const missing = await rigMissing();

describe.skipIf(missing)(`memory that is too little${missing ? ` (not run: ${missing})` : ""}`, () => {
  const signal = AbortSignal.timeout(100_000);
  let rig: QemuRig;
  beforeAll(async () => {
    rig = await startQemuRig();
  });
  afterAll(() => rig?.close());

  it.each([
    ...[1, 16, 32, 48, 95].map((memoryMiB) => ["microvm", memoryMiB] as const),
    ...[1, 16, 31].map((memoryMiB) => ["unikernel", memoryMiB] as const),
  ])("is said of a %s with %d MiB, and nothing is built or left", async (kind, memoryMiB) => {
    const runtime = rig.connect()[kind];
    const spec = { ...rig.spec({ does: "sleeps" }, { memoryMiB }), kind };
    await expect(runtime.start(spec, signal)).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringContaining(`has ${memoryMiB} MiB of memory`),
      hint: expect.stringMatching(/^give it more in its definition: memory = \d+$/),
    });
    expect((await readdir(rig.stateDir)).filter((name) => !name.startsWith("."))).toEqual([]);
  });

  it("does not keep a microVM with the least from running", async () => {
    const { microvm } = rig.connect();
    const spec = rig.spec({ does: "sleeps" }, { memoryMiB: 96 });
    await microvm.start(spec, signal);
    expect(await microvm.inspect(spec.name, signal)).toMatchObject({ state: "running" });
    await microvm.remove(spec.name, signal);
  });
});
