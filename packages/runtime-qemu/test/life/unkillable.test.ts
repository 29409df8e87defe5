import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type * as processIdentity from "../../src/process/process-identity.ts";
import { findStrays } from "../../src/vm/strays.ts";
import { VmFolder } from "../../src/vm/vm-folder.ts";
import { type QemuRig, rigMissing, startQemuRig } from "../rig.ts";

const kernel = vi.hoisted(() => ({ ends: true }));
// No process can be made that a SIGKILL does not end, as one that waits for a disk that is gone: so none is sent.
vi.mock(import("../../src/process/process-identity.ts"), async (original) => {
  const real: typeof processIdentity = await original();
  return { ...real, signalTo: (...sent) => (kernel.ends ? real.signalTo(...sent) : real.isAlive(sent[0])) };
});

const missing = await rigMissing();

describe.skipIf(missing)(`a QEMU that cannot be ended${missing ? ` (not run: ${missing})` : ""}`, () => {
  const signal = AbortSignal.timeout(60_000);
  let rig: QemuRig;
  beforeAll(async () => {
    rig = await startQemuRig();
  });
  afterAll(async () => {
    kernel.ends = true;
    await rig?.close();
  });

  it("is told of with what failed before, is not forgotten, and has no second one beside it", async () => {
    const spec = rig.spec({ does: "sleeps" });
    kernel.ends = false;
    const { microvm } = rig.connect({ readyWithinMs: 100 });
    await expect(microvm.start(spec, signal)).rejects.toMatchObject({
      code: "runtime_timeout",
      message: expect.stringContaining("did not come up within"),
      cause: expect.objectContaining({ code: "start_failed" }),
    });
    const left = await microvm.inspect(spec.name, signal);
    expect(left?.pid).toBeGreaterThan(0);
    kernel.ends = true;
    await rig.connect().microvm.start(spec, signal);
    expect(await findStrays(VmFolder.of(rig.stateDir, spec.name))).toMatchObject([{ pid: left?.pid }]);
  });
});
