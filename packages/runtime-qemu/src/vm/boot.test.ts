import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, silentLogger } from "@mcp/host";
import type { WorkloadSpec } from "@mcp/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { untilStarted } from "./boot.ts";
import { VmFolder } from "./vm-folder.ts";
import type { BootRecord, VmRecord } from "./vm-record.ts";

/** Nobody has this pid: it is above the kernel's limit. */
const gone = { pid: 4_194_305, startTicks: "1" };

describe("a guest that stopped before its program ran, for which its QEMU was ended", () => {
  let folder: VmFolder;
  let told: string[];
  beforeEach(async () => {
    folder = VmFolder.at(await mkdtemp(join(tmpdir(), "mcpt-")));
    told = [];
    await writeFile(folder.exit, `${gone.pid} ${gone.startTicks} 137\nKilled\n`);
  });
  afterEach(() => rm(folder.path, { recursive: true }));

  const started = (changes: Partial<BootRecord>) => {
    const boot: BootRecord = {
      ...{ id: "0", bootId: "0", imageKey: "0", accel: "kvm", hasDebugExit: false },
      outputs: { stdout: "serial" },
      ...changes,
    };
    const spec = { name: "hello.1", ports: [], memoryMiB: 128 } as unknown as WorkloadSpec;
    const record: VmRecord = { v: 1, token: "0", spec, createdAtMs: 0, boot };
    const kvmFailed = async (state: string) => void told.push(state);
    const deps = { clock: realClock, log: silentLogger, readyWithinMs: 2_000, kvmFailed };
    return untilStarted(folder, record, boot, gone, deps, new AbortController().signal);
  };

  // 137 is odd, as codes of the debug exit are.
  it.each([true, false])("has not started, whether or not it has a debug exit: %s", async (hasDebugExit) => {
    await writeFile(folder.failure, "internal-error\n");
    await expect(started({ hasDebugExit })).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringContaining("under kvm (internal-error)"),
    });
    expect(told).toEqual(["internal-error"]);
  });

  it("says nothing about KVM where it did not run by it, panicked, or was killed by others", async () => {
    await writeFile(folder.failure, "internal-error\n");
    await expect(started({ accel: "tcg" })).rejects.toMatchObject({ code: "start_failed" });
    await writeFile(folder.failure, "guest-panicked\n");
    await expect(started({})).rejects.toMatchObject({ message: expect.stringContaining("guest-panicked") });
    await rm(folder.failure);
    await expect(started({})).rejects.toMatchObject({
      message: expect.stringContaining("QEMU ended with 137"),
    });
    expect(told).toEqual([]);
  });
});
