import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { afterEach, describe, expect, it } from "vitest";
import { isAlive } from "../src/process/process-identity.ts";
import { runState } from "../src/qmp/commands.ts";
import { openQmp } from "../src/qmp/qmp.ts";
import {
  isRoot,
  kernelCode,
  MachineRig,
  machineOf,
  machinesMissing,
  qemuUser,
  sector,
  statusOf,
} from "./machine-rig.ts";

const models = ["microvm", "q35", "pc"] as const;
const booted = "booted\n";

describe.skipIf(machinesMissing)("QEMU, started with our arguments", () => {
  let rig: MachineRig;
  afterEach(() => rig?.close());

  it.each(models)("boots a kernel on a %s, which prints and leaves with its code", async (model) => {
    rig = await MachineRig.open();
    const kernel = await rig.writeKernel([...kernelCode.print(booted), ...kernelCode.leaveWith(7)]);
    await rig.start(
      machineOf({ model, kernel, disks: [], channels: [{ name: "mcp.stdout", file: "stdout" }] }),
    );
    expect(await rig.end()).toMatchObject({ code: 15, ended: "exited" });
    expect(await readFile(join(rig.run, "serial"), "latin1")).toContain(booted);
    expect(await rig.errors()).toBe("");
  });

  it.each(["q35", "pc"] as const)("boots a disk on a %s", async (model) => {
    rig = await MachineRig.open();
    await rig.writeDisk([...sector.print(booted), ...sector.leaveWith(7)]);
    await rig.start(machineOf({ model }));
    expect(await rig.end()).toMatchObject({ code: 15, ended: "exited" });
    expect(await readFile(join(rig.run, "serial"), "latin1")).toContain(booted);
  });

  it.each(models)("is confined: a %s", async (model) => {
    rig = await MachineRig.open();
    await rig.writeDisk(sector.wait);
    const identity = await rig.start(machineOf({ model }));
    const qmp = await openQmp(rig.run, "qmp", AbortSignal.timeout(20_000), {
      isStarting: () => isAlive(identity),
    });
    expect(await runState(qmp)).toBe("running");
    qmp.close();
    const has = (field: string) => statusOf(identity.pid, field);
    // 2: its system calls are filtered.
    expect(await has("Seccomp")).toBe("2");
    if (!isRoot) return;
    const { uid, gid } = qemuUser ?? {};
    expect(await has("NoNewPrivs")).toBe("1");
    expect(await has("Uid")).toBe([uid, uid, uid, uid].join("\t"));
    expect(await has("Gid")).toBe([gid, gid, gid, gid].join("\t"));
    expect(await has("Groups")).toBe("");
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) expect(await has(set)).toMatch(/^0+$/);
  });

  it("makes files that nobody else may read", async () => {
    rig = await MachineRig.open();
    await rig.writeDisk([...sector.print(booted), ...sector.leaveWith(0)]);
    await rig.start(machineOf());
    await rig.end();
    const { stdout } = await run(["stat", "-c", "%a %U", join(rig.run, "serial")]);
    expect(stdout.trim()).toBe(`600 ${qemuUser?.name ?? userInfo().username}`);
  });

  it.each(models)("takes names and paths of any shape: a %s", async (model) => {
    const odd = `a,b=c "d" 'e'\n,readonly=on\\ü`;
    rig = await MachineRig.open(`run ${odd}`);
    const share = join(rig.folder, `share ${odd}`);
    await mkdir(share, { mode: 0o755 });
    await rig.writeDisk([], `disk ${odd}`);
    const kernel = await rig.writeKernel([...kernelCode.print(booted), ...kernelCode.leaveWith(7)]);
    await rename(join(rig.run, "kernel"), join(rig.run, `kernel ${odd}`));
    await rename(join(rig.run, "initrd"), join(rig.run, `initrd ${odd}`));
    await rig.start(
      machineOf({
        model,
        name: odd,
        kernel: { ...kernel, path: join(rig.run, `kernel ${odd}`), initrd: `initrd ${odd}` },
        // Absolute and relative ones.
        disks: [{ path: join(rig.run, `disk ${odd}`), format: "raw", readOnly: true }],
        serial: `serial ${odd}`,
        channels: [{ name: "mcp,out=1", file: join(rig.run, `out ${odd}`) }],
        shares: [{ by: "9p", tag: "t,a=g", host: share, readOnly: true }],
        qmp: [`qmp ${odd}`],
      }),
    );
    expect(await rig.end(), await rig.errors()).toMatchObject({ code: 15 });
    expect(await readFile(join(rig.run, `serial ${odd}`), "latin1")).toContain(booted);
    const names = ["disk", "initrd", "kernel", "out", "serial"].map((name) => `${name} ${odd}`);
    expect((await readdir(rig.run)).filter((name) => !name.startsWith("qmp")).sort()).toEqual(names);
  });

  it("appends to what is there, so that a console outlives a restart and can be shortened", async () => {
    rig = await MachineRig.open();
    await rig.writeDisk([...sector.print(booted), ...sector.leaveWith(0)]);
    for (const _ of [1, 2]) {
      await rig.start(machineOf());
      await rig.end();
    }
    const text = await readFile(join(rig.run, "serial"), "latin1");
    expect(text.split(booted)).toHaveLength(3);
  });

  it("lets two machines boot from one disk that neither may write", async () => {
    rig = await MachineRig.open();
    await rig.writeDisk(sector.wait);
    const disks = [{ path: join(rig.run, "disk"), format: "raw", readOnly: true }] as const;
    const other = await MachineRig.open();
    try {
      const running = [await rig.start(machineOf({ disks })), await other.start(machineOf({ disks }))];
      for (const [index, folder] of [rig.run, other.run].entries()) {
        const isStarting = async () => (running[index] ? isAlive(running[index]) : false);
        const qmp = await openQmp(folder, "qmp", AbortSignal.timeout(20_000), { isStarting });
        expect(await runState(qmp)).toBe("running");
        qmp.close();
      }
    } finally {
      await other.close();
    }
  });
});
