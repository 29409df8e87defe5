import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { run } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { proveKvm } from "../src/accel/prove-kvm.ts";
import { provenAccel, refuteKvm } from "../src/accel/proven-accel.ts";
import { findQemu, type Qemu } from "../src/process/qemu-version.ts";
import { isRoot, machinesMissing, qemuUser } from "./machine-rig.ts";
import { rigMissing, startQemuRig } from "./rig.ts";

const { signal } = new AbortController();
const noRig = await rigMissing();
const kvmMissing = (await stat("/dev/kvm").catch(() => undefined)) ? undefined : "there is no /dev/kvm";

const notRun = (why: string | undefined): string => (why === undefined ? "" : ` (not run: ${why})`);

describe.skipIf(machinesMissing)(`whether KVM works${notRun(machinesMissing)}`, () => {
  let folder: string;
  let qemu: Qemu;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-"));
    await chmod(folder, 0o755);
    // Where proofs make their folders: those of others are none of ours.
    vi.stubEnv("TMPDIR", folder);
    qemu = await findQemu(run, signal);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  /** The machine's QEMU behind a script, which counts its calls and may change its arguments. */
  const wrapped = async (script: string): Promise<Qemu> => {
    const program = join(folder, "qemu-system-x86_64");
    await writeFile(program, `#!/bin/sh\necho x >>${folder}/calls\n${script}\n`, { mode: 0o755 });
    await writeFile(join(folder, "calls"), "", { mode: 0o666 });
    await chmod(join(folder, "calls"), 0o666);
    return { ...qemu, program };
  };
  /** With its options replaced, whatever their values are. */
  const withOptions = (options: Readonly<Record<string, string>>): Promise<Qemu> => {
    const cases = Object.entries(options).map(([name, value]) => `${name}) new=${value};;`);
    return wrapped(
      `for arg do shift; case $name in ${cases.join(" ")} *) new=$arg;; esac; name=$arg; set -- "$@" "$new"; done; exec ${qemu.program} "$@"`,
    );
  };
  const withCpu = (cpu: string): Promise<Qemu> => withOptions({ "-cpu": cpu });
  const calls = async () => (await readFile(join(folder, "calls"), "utf8")).length / 2;
  const memory = () => join(folder, "accel.json");
  const asked = (more: Partial<Parameters<typeof provenAccel>[0]> = {}) =>
    provenAccel({ wanted: "auto", qemu, user: undefined, memory: memory(), ...more }, signal);
  const probesLeft = async () => (await readdir(folder)).filter((name) => name.startsWith("mcp-accel-"));

  it("is proven by a guest that runs, whoever QEMU runs as", async () => {
    for (const user of new Set([undefined, qemuUser]))
      expect(await proveKvm({ program: qemu.program, user, accel: "tcg" }, signal)).toEqual({ ok: true });
  });

  it.skipIf(kvmMissing)(`is told as it is, and the answer is quick${notRun(kvmMissing)}`, async () => {
    const answer = await asked();
    // Whether it works is this machine's affair.
    const again = await proveKvm({ program: qemu.program, user: undefined }, signal);
    expect(answer.accel).toBe(again.ok ? "kvm" : "tcg");
    if (answer.accel === "tcg") expect(answer.insteadOfKvm?.why).toBe(again.ok ? "" : again.why);
  });

  it.skipIf(kvmMissing)(
    `is seen from a guest that stops, hangs or runs on a plain CPU${notRun(kvmMissing)}`,
    async ({ skip }) => {
      // Another model of CPU: where -cpu host cannot be had at all, QEMU ends before there is a guest.
      const proof = await proveKvm({ program: (await withCpu("qemu64")).program, user: undefined }, signal);
      if (proof.ok)
        return skip("the guests of the proof did all that they should here, so there is none that stops");
      expect(proof.why).toMatch(/internal-error|exit code|its work within|crashes/);
    },
  );

  it("is seen from a guest whose CPU lacks what a kernel needs", async () => {
    for (const [cpu, why] of [
      ["max,-lm", "crashes"],
      ["max,-apic", "did not do its work"],
    ] as const) {
      const { program } = await withCpu(cpu);
      const proof = await proveKvm({ program, user: undefined, accel: "tcg", timeoutMs: 3_000 }, signal);
      expect(proof).toMatchObject({ ok: false, why: expect.stringContaining(why), isLasting: false });
    }
  });

  it("is seen from a guest whose instructions are read one by one", async () => {
    // A million in a second, as fast as such a KVM was seen to be: all is right, and takes a hundred times too long.
    const { program } = await wrapped(`exec ${qemu.program} "$@" -icount shift=10,align=on`);
    const proof = await proveKvm({ program, user: undefined, accel: "tcg" }, signal);
    expect(proof).toMatchObject({
      ok: false,
      why: expect.stringContaining("did not do its work within 5 s"),
    });
  });

  it.skipIf(kvmMissing ?? noRig)(
    `is a yes only where a Linux guest comes up by it${notRun(kvmMissing ?? noRig)}`,
    async ({ skip }) => {
      const rig = await startQemuRig();
      try {
        const { microvm } = rig.connect({ accel: "auto" });
        const probe = await microvm.probe(signal);
        const notes = probe.ok ? probe.notes : [probe.why];
        if (notes?.[0] !== "kvm") return skip(`no Linux guest was started by KVM: ${notes?.join()}`);
        const spec = rig.spec({ does: "sleeps" });
        await microvm.start(spec, AbortSignal.timeout(20_000));
        expect((await microvm.inspect(spec.name, signal))?.state).toBe("running");
      } finally {
        await rig.close();
      }
    },
  );

  it("is seen from a QEMU whose guest stops, which it says and then waits for ever", async () => {
    // Stands in for a KVM that fails so, which not every machine has: it says what QEMU 7.2 says then.
    const script = join(folder, "stopped.mjs");
    await writeFile(
      script,
      `import { createServer } from "node:net";
      let status = "running";
      createServer((peer) => {
        const say = (value) => peer.write(JSON.stringify(value) + "\\n");
        say({ QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 } }, capabilities: [] } });
        peer.on("data", (data) => {
          const { id, execute } = JSON.parse(String(data));
          say({ return: execute === "query-status" ? { status } : {}, id });
          if (execute === "query-status") setTimeout(() => say({ event: (status = "internal-error", "STOP") }), 50);
        });
      }).listen("qmp");`,
    );
    const { program } = await wrapped(`exec ${process.execPath} ${script}`);
    const atMs = performance.now();
    expect(await proveKvm({ program, user: undefined }, signal)).toMatchObject({
      ok: false,
      why: expect.stringContaining("internal-error"),
      isLasting: true,
    });
    expect(performance.now() - atMs).toBeLessThan(4_000);
  });

  it("is asked for once, and again when QEMU, its user or the device changes", async () => {
    const counted = await wrapped("echo 'no KVM here' >&2; exit 1");
    const kvmDevice = join(folder, "kvm");
    await writeFile(kvmDevice, "", { mode: 0o600 });
    const ask = (more = {}) => asked({ qemu: counted, kvmDevice, ...more });
    const first = await ask();
    expect(first).toMatchObject({
      accel: "tcg",
      insteadOfKvm: { why: expect.stringContaining("no KVM here") },
    });
    expect(await ask()).toEqual(first);
    expect(await calls()).toBe(1);
    await ask({ qemu: { ...counted, build: "QEMU emulator version 9.0.0" } });
    expect(await calls()).toBe(2);
    await chmod(kvmDevice, 0o660);
    await ask({ qemu: { ...counted, build: "QEMU emulator version 9.0.0" } });
    expect(await calls()).toBe(3);
    if (isRoot) await ask({ user: qemuUser });
    expect(await calls()).toBe(isRoot ? 4 : 3);
  });

  it("is asked for again after a reboot, and where the memory is damaged", async () => {
    const counted = await wrapped("exit 1");
    const kvmDevice = counted.program;
    await asked({ qemu: counted, kvmDevice });
    const kept = await readFile(memory(), "utf8");
    const { boot } = JSON.parse(kept).circumstances;
    for (const damaged of [
      kept.replace(boot, "00000000-0000-0000-0000-000000000000"),
      kept.slice(0, 40),
      "",
    ]) {
      await writeFile(memory(), damaged);
      const before = await calls();
      await asked({ qemu: counted, kvmDevice });
      expect(await calls()).toBe(before + 1);
    }
  });

  it("is settled for ten minutes by a guest that was not done in time, and nothing of it is left", async () => {
    const hung = await wrapped("exec sleep 60");
    const clock = new FakeClock();
    const ask = () => asked({ qemu: hung, kvmDevice: hung.program, timeoutMs: 300, clock });
    expect(await ask()).toMatchObject({
      insteadOfKvm: { why: expect.stringContaining("did not do its work within 0.3 s") },
    });
    expect(await probesLeft()).toEqual([]);
    await clock.advance(9 * 60_000);
    await ask();
    expect(await calls()).toBe(1);
    await clock.advance(2 * 60_000);
    await ask();
    expect(await calls()).toBe(2);
  });

  it("is no more believed after a virtual machine stopped under it, but by who wants nothing else", async () => {
    // Says yes: its guests run by TCG.
    const yes = await withOptions({ "-accel": "tcg", "-cpu": "max" });
    const options = { qemu: yes, kvmDevice: yes.program, user: undefined, memory: memory() };
    expect(await asked(options)).toEqual({ accel: "kvm" });
    await refuteKvm({ ...options, wanted: "auto" }, "internal-error");
    expect(await asked(options)).toMatchObject({
      accel: "tcg",
      insteadOfKvm: { why: expect.stringContaining("internal-error"), hint: expect.stringContaining("kvm") },
    });
    expect(await asked({ ...options, wanted: "kvm" })).toEqual({ accel: "kvm" });
    await refuteKvm({ ...options, wanted: "kvm" }, "internal-error");
    expect(await asked({ ...options, wanted: "kvm" })).toEqual({ accel: "kvm" });
  });

  it("is not asked where TCG is wanted, and a problem where nothing but KVM is", async () => {
    expect(await asked({ wanted: "tcg", kvmDevice: "/no/such/device" })).toEqual({ accel: "tcg" });
    await expect(asked({ wanted: "kvm", kvmDevice: "/no/such/device" })).rejects.toMatchObject({
      code: "runtime_unavailable",
      message: expect.stringContaining("there is no /no/such/device"),
      hint: expect.stringContaining('accel = "auto"'),
    });
  });

  it("is given up when nobody waits any more, and nothing of it is left", async () => {
    const abort = new AbortController();
    const { program } = await wrapped("exec sleep 60");
    const proof = expect(proveKvm({ program, user: undefined }, abort.signal)).rejects.toThrow("enough");
    setTimeout(() => abort.abort(new Error("enough")), 100);
    await proof;
    expect(await probesLeft()).toEqual([]);
  });
});
