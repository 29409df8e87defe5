import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { afterEach, describe, expect, it, vi } from "vitest";
import { asUser } from "../src/confinement/qemu-user.ts";
import { findQemu } from "../src/process/qemu-version.ts";
import { qemuUser } from "./machine-rig.ts";
import { rigMissing, startQemuRig } from "./rig.ts";

const signal = AbortSignal.timeout(120_000);
const missing = (await rigMissing()) ?? (await kvmMissing()) ?? (await nodeMissing());

async function kvmMissing(): Promise<string | undefined> {
  const found = await stat("/dev/kvm").catch(() => undefined);
  return found ? undefined : "there is no /dev/kvm";
}

async function nodeMissing(): Promise<string | undefined> {
  const argv = asUser(qemuUser, [process.execPath, "--version"]);
  const { exitCode } = await run(argv, { anyExitCode: true });
  return exitCode === 0 ? undefined : "QEMU's user may not run this node, which stands in for a QEMU";
}

/** Says of its guest what QEMU says where KVM could not run it. */
const stoppedQemu = `
  import { createServer } from "node:net";
  for (const socket of ["qmp", "events"])
    createServer((peer) => {
      const say = (value) => peer.write(JSON.stringify(value) + "\\n");
      say({ QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 } }, capabilities: [] } });
      peer.on("error", () => {});
      peer.on("data", (data) => {
        for (const line of String(data).split("\\n").filter(Boolean)) {
          const { id, execute } = JSON.parse(line);
          say({ return: execute === "query-status" ? { status: "internal-error" } : {}, id });
        }
      });
    }).listen(socket);
`;

describe.skipIf(missing)(`KVM that was proven, and fails${missing ? ` (not run: ${missing})` : ""}`, () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("is a problem that says what to type, and no longer used by the next start", async () => {
    const rig = await startQemuRig();
    try {
      const qemu = await findQemu(run, signal);
      const bin = join(rig.folder, "bin");
      await mkdir(bin, { mode: 0o755 });
      await writeFile(join(bin, "stopped.mjs"), stoppedQemu, { mode: 0o644 });
      // Proofs of KVM run by TCG, and so say yes; virtual machines by KVM stop.
      await writeFile(
        join(bin, "qemu-system-x86_64"),
        `#!/bin/sh
        case "$*" in
          *guest=mcp-accel-probe*)
            for arg do shift; case $arg in kvm) arg=tcg;; host) arg=max;; esac; set -- "$@" "$arg"; done;;
          *"-accel kvm"*) exec ${process.execPath} ${join(bin, "stopped.mjs")};;
        esac
        exec ${qemu.program} "$@"\n`,
        { mode: 0o755 },
      );
      vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
      const { microvm } = rig.connect({ accel: "auto" });
      expect(await microvm.probe(signal)).toMatchObject({ notes: expect.arrayContaining(["kvm"]) });
      const spec = rig.spec({ does: "sleeps" });
      await expect(microvm.start(spec, signal)).rejects.toMatchObject({
        code: "start_failed",
        message: expect.stringContaining("under kvm (internal-error)"),
        hint: expect.stringContaining('accel = "tcg"'),
      });
      expect(await microvm.inspect(spec.name, signal)).toBeUndefined();
      await microvm.start(spec, signal);
      expect((await microvm.inspect(spec.name, signal))?.state).toBe("running");
      const why = expect.stringContaining(
        "tcg, many times slower than kvm: a virtual machine could not come up",
      );
      // Another agent on this machine, or this one after a restart, knows it as well.
      const later = rig.connect({ accel: "auto" }).microvm;
      for (const each of [microvm, later])
        expect(await each.probe(signal)).toMatchObject({ ok: true, notes: expect.arrayContaining([why]) });
    } finally {
      await rig.close();
    }
  });
});
