import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Runtime, Workload, WorkloadSpec } from "@mcp/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VmFolder } from "../../src/vm/vm-folder.ts";
import { type QemuRig, rigMissing, startQemuRig } from "../rig.ts";

const missing = await rigMissing();

/** What the guest does, by what is then said of it. */
const endings = {
  "exited 0": "exit 0",
  "exited 7": "exit 7",
  "signal 139": "kill -SEGV $$",
  "out-of-memory 137": "x=x; while :; do x=$x$x; done",
  "crashed undefined, by a kernel panic": "echo c >/proc/sysrq-trigger; sleep 60",
  "crashed undefined, by a reset": "echo b >/proc/sysrq-trigger; sleep 60",
  "signal 137": "sleep 1000",
} as const;

describe.skipIf(missing)(`how a virtual machine ended${missing ? ` (not run: ${missing})` : ""}`, () => {
  const signal = AbortSignal.timeout(120_000);
  let rig: QemuRig;
  let runtime: Runtime;
  const started = new Map<string, WorkloadSpec>();
  /** From the kill of a QEMU to the event. */
  let toldAfterMs = Number.POSITIVE_INFINITY;

  const exitOf = async (spec: WorkloadSpec): Promise<Workload> => {
    for (;;) {
      const seen = await runtime.inspect(spec.name, signal);
      if (seen?.state === "exited") return seen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  beforeAll(async () => {
    rig = await startQemuRig();
    runtime = rig.connect().microvm;
    await Promise.all(
      Object.entries(endings).map(async ([end, does]) => {
        const spec = rig.spec({ does: "sleeps" }, { cmd: ["sh", "-c", `sleep 1; ${does}`] });
        started.set(end, spec);
        await runtime.start(spec, signal);
      }),
    );
    const victim = started.get("signal 137") as WorkloadSpec;
    const events = runtime.events(signal)[Symbol.asyncIterator]();
    const told = (async () => {
      for (;;) if ((await events.next()).value?.name === victim.name) return performance.now();
    })();
    const others = [...started.values()].filter((spec) => spec !== victim);
    for (const spec of others) await exitOf(spec);
    const killedAt = performance.now();
    process.kill((await runtime.inspect(victim.name, signal))?.pid ?? 0, "SIGKILL");
    toldAfterMs = (await told) - killedAt;
    await events.return?.();
  });
  afterAll(() => rig?.close());

  for (const end of Object.keys(endings))
    it(`is told: ${end}`, async () => {
      const { exit } = await exitOf(started.get(end) as WorkloadSpec);
      expect(`${exit?.reason} ${exit?.code}`).toBe(end.replace(/,.*/, ""));
      expect(Math.abs(Date.now() - (exit?.atMs ?? 0))).toBeLessThan(60_000);
    });

  it("is told soon", () => {
    console.log(`a killed QEMU was told of after ${toldAfterMs.toFixed(0)} ms`);
    // 50 on a machine that does nothing else.
    expect(toldAfterMs).toBeLessThan(1_000);
  });

  it("is unknown where its keeper's word is missing, or about another process", async () => {
    const spec = started.get("exited 0") as WorkloadSpec;
    const folder = VmFolder.of(rig.stateDir, spec.name);
    const word = await readFile(folder.exit, "utf8");
    await writeFile(join(folder.run, "status"), "started\n");
    await writeFile(folder.exit, word.replace(/^(\d+) \d+/, "$1 1"));
    expect((await exitOf(spec)).exit?.reason).toBe("unknown");
    await writeFile(folder.exit, word);
    expect((await exitOf(spec)).exit?.reason).toBe("crashed");
  });

  it("was with the host, where that has booted since, and its pid is nobody's business then", async () => {
    const spec = started.get("exited 0") as WorkloadSpec;
    const folder = VmFolder.of(rig.stateDir, spec.name);
    const ticks = (await readFile("/proc/self/stat", "utf8")).split(") ")[1]?.split(" ")[19];
    const record = JSON.parse(await readFile(folder.record, "utf8"));
    // This very process has the pid, and by chance the time of start too: it may not be taken for a QEMU.
    await writeFile(folder.pid, `${process.pid} ${ticks}\n`);
    await writeFile(
      folder.record,
      JSON.stringify({ ...record, boot: { ...record.boot, bootId: "another" } }),
    );
    expect((await exitOf(spec)).exit).toBeDefined();
    await runtime.stop(spec.name, { graceMs: 0 }, signal);
    // In this boot, a pid that somebody else has by now.
    await writeFile(folder.pid, `${process.pid} 1\n`);
    await writeFile(folder.record, JSON.stringify(record));
    expect((await exitOf(spec)).state).toBe("exited");
    await runtime.stop(spec.name, { graceMs: 0 }, signal);
    await runtime.remove(spec.name, signal);
  });
});
