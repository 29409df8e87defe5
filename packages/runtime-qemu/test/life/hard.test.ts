import { chmod, cp, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { run } from "@mcp/host";
import type { LogLine, Runtime, WorkloadSpec } from "@mcp/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identityOf, isAlive, readIdentity } from "../../src/process/process-identity.ts";
import { findStrays } from "../../src/vm/strays.ts";
import { VmFolder } from "../../src/vm/vm-folder.ts";
import { type QemuRig, rigMissing, startQemuRig } from "../rig.ts";

const missing = await rigMissing();
const guests = ["misled", "garbled", "halted", "unkept", "unfound", "unshared"] as const;

describe.skipIf(missing)(`a virtual machine's hard life${missing ? ` (not run: ${missing})` : ""}`, () => {
  const signal = AbortSignal.timeout(170_000);
  let rig: QemuRig;
  let runtime: Runtime;
  let specs: Record<(typeof guests)[number], WorkloadSpec>;
  const folderOf = ({ name }: WorkloadSpec): VmFolder => VmFolder.of(rig.stateDir, name);
  const pidOf = async ({ name }: WorkloadSpec): Promise<number> =>
    (await runtime.inspect(name, signal))?.pid ?? 0;
  const stateOf = async ({ name }: WorkloadSpec): Promise<string | undefined> =>
    (await runtime.inspect(name, signal))?.state;

  beforeAll(async () => {
    rig = await startQemuRig();
    runtime = rig.connect().microvm;
    const host = join(rig.folder, "shared");
    await mkdir(host);
    await chmod(host, 0o755);
    const volumes = [{ host, guest: "/shared", readOnly: false, relabel: false }];
    specs = Object.fromEntries(
      guests.map((guest) => [guest, rig.spec({ does: "sleeps" }, guest === "unshared" ? { volumes } : {})]),
    ) as unknown as typeof specs;
    await Promise.all(Object.values(specs).map((spec) => runtime.start(spec, signal)));
  });
  afterAll(() => rig?.close());

  it("its folder may hold links, huge files and devices that QEMU's user put there: none is followed", async () => {
    const spec = specs.misled;
    const { run: theirs } = folderOf(spec);
    const secret = join(rig.folder, "secret");
    await writeFile(secret, "started\nexit 3\nsecret\n");
    for (const name of ["status", "stdout", "stderr", "serial"]) {
      await rm(join(theirs, name));
      await symlink(secret, join(theirs, name));
    }
    expect(await stateOf(spec)).toBe("starting");
    const lines: LogLine[] = [];
    for await (const line of runtime.logs(spec.name, {}, signal)) lines.push(line);
    expect(lines).toEqual([]);
    expect(await readFile(secret, "utf8")).toBe("started\nexit 3\nsecret\n");
    await rm(join(theirs, "status"));
    await run(["mkfifo", join(theirs, "status")]);
    expect(await stateOf(spec)).toBe("starting");
    await rm(join(theirs, "status"));
    await writeFile(join(theirs, "status"), "");
    await truncate(join(theirs, "status"), 2 ** 40);
    expect(await stateOf(spec)).toBe("running");
    await mkdir(join(theirs, "folder"));
    await symlink(rig.folder, join(theirs, "folder", "link"));
    await runtime.remove(spec.name, signal);
    expect(await readFile(secret, "utf8")).toContain("secret");
  });

  it("what listens in QEMU's place may talk nonsense: stop ends QEMU all the same", async () => {
    const spec = specs.garbled;
    const path = join(folderOf(spec).run, "qmp");
    await rm(path);
    const server = createServer((socket) => socket.on("error", () => {}).write('{"QMP":[]}\n\u0000garbage'));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const qemu = await identityOf(await pidOf(spec));
    await runtime.stop(spec.name, { graceMs: 300 }, signal);
    server.close();
    expect(qemu && (await isAlive(qemu))).toBe(false);
    expect((await runtime.inspect(spec.name, signal))?.exit).toMatchObject({ reason: "signal", code: 137 });
  });

  it("QEMU may be stopped by a signal: stop ends it once its grace is over", async () => {
    const spec = specs.halted;
    process.kill(await pidOf(spec), "SIGSTOP");
    const began = performance.now();
    await runtime.stop(spec.name, { graceMs: 500 }, signal);
    expect(performance.now() - began).toBeGreaterThan(490);
    expect(await stateOf(spec)).toBe("exited");
  });

  it("its keeper may be killed: QEMU goes on, and its end is seen, though not how it came", async () => {
    const spec = specs.unkept;
    const pid = await pidOf(spec);
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    process.kill(Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]), "SIGKILL");
    expect(await stateOf(spec)).toBe("running");
    const events = runtime.events(signal)[Symbol.asyncIterator]();
    const heard = events.next();
    process.kill(pid, "SIGKILL");
    expect((await heard).value).toMatchObject({ name: spec.name, what: "exited" });
    await events.return?.();
    expect((await runtime.inspect(spec.name, signal))?.exit).toMatchObject({ reason: "unknown" });
    const began = performance.now();
    for (let round = 0; round < 5; round++) await runtime.inspect(spec.name, signal);
    expect(performance.now() - began, "nobody waits for its word again and again").toBeLessThan(500);
  });

  it("its folder may be removed by hand: its name is used again by one QEMU", async () => {
    const spec = specs.unfound;
    const lost = await identityOf(await pidOf(spec));
    await rm(folderOf(spec).path, { recursive: true });
    expect(await stateOf(spec)).toBeUndefined();
    await runtime.start(spec, signal);
    expect(lost && (await isAlive(lost))).toBe(false);
    expect(await findStrays(folderOf(spec))).toMatchObject([{ pid: await pidOf(spec) }]);
    await rm(folderOf(spec).path, { recursive: true });
    await runtime.remove(spec.name, signal);
    expect(await findStrays(folderOf(spec))).toEqual([]);
  });

  it("what serves its folders may be killed: it can still be stopped, and started again with its folders", async () => {
    const spec = specs.unshared;
    const daemon = await readIdentity(join(folderOf(spec).path, "share-0.pid"));
    process.kill(daemon?.pid ?? 0, "SIGKILL");
    await runtime.stop(spec.name, { graceMs: 1_000 }, signal);
    await runtime.start(spec, signal);
    const next = await readIdentity(join(folderOf(spec).path, "share-0.pid"));
    expect(next && (await isAlive(next))).toBe(true);
    await runtime.remove(spec.name, signal);
    expect(next && (await isAlive(next))).toBe(false);
  });

  it("its record may be half written, damaged or of a later version: nobody guesses, and nothing is touched", async () => {
    const records = {
      half: '{ "v": 1, "token": "ab',
      none: "null",
      later: JSON.stringify({ v: 2 }),
      leading: JSON.stringify({
        ...JSON.parse(await readFile(folderOf(specs.halted).record, "utf8")),
        boot: { id: "1", bootId: "2", outputs: { stdout: "../../secret" } },
      }),
    };
    for (const [name, text] of Object.entries(records)) {
      await mkdir(join(rig.stateDir, name));
      await writeFile(join(rig.stateDir, name, "vm.json"), text);
      const spec = rig.spec({ does: "sleeps" }, { name });
      for (const attempt of [
        () => runtime.inspect(name, signal),
        () => runtime.start(spec, signal),
        () => runtime.stop(name, { graceMs: 0 }, signal),
        () => runtime.remove(name, signal),
      ])
        await expect(attempt(), name).rejects.toMatchObject({ code: "runtime_failed" });
      expect(await readFile(join(rig.stateDir, name, "vm.json"), "utf8")).toBe(text);
    }
    expect((await runtime.list(signal)).map(({ name }) => name)).toContain(specs.halted.name);
    for (const name of Object.keys(records)) await rm(join(rig.stateDir, name), { recursive: true });
  });

  it("nothing is left of a start that nobody wants any more, wherever it has come to", async () => {
    const host = join(rig.folder, "shared");
    const folders: string[] = [];
    await Promise.all(
      ["made", "image", "prepare", "shares", "qemu"].map(async (point) => {
        const spec = rig.spec(
          { does: "sleeps" },
          { volumes: [{ host, guest: "/shared", readOnly: true, relabel: false }] },
        );
        folders.push(folderOf(spec).path);
        const abort = new AbortController();
        const { microvm } = rig.connect({
          faultPoint: async (where, name) => {
            if (where === point && name === spec.name) abort.abort(new Error("never mind"));
          },
        });
        await expect(microvm.start(spec, abort.signal), point).rejects.toThrow("never mind");
        expect(await microvm.inspect(spec.name, signal), point).toBeUndefined();
        expect(await findStrays(folderOf(spec)), point).toEqual([]);
      }),
    );
    expect((await readdir(rig.stateDir)).filter((name) => /^\.(new|gone)-/.test(name))).toEqual([]);
    // Its keeper has a last word to write.
    const daemons = async () =>
      (await run(["ps", "-eo", "args"])).stdout
        .split("\n")
        .filter((line) => line.includes("virtiofsd") && folders.some((folder) => line.includes(folder)));
    await expect.poll(daemons).toEqual([]);
  });

  it("a guest that does not come up in time is told of, and gone", async () => {
    const spec = rig.spec({ does: "sleeps" });
    const { microvm } = rig.connect({ readyWithinMs: 200 });
    await expect(microvm.start(spec, signal)).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringContaining("did not come up within"),
    });
    expect(await microvm.inspect(spec.name, signal)).toBeUndefined();
    expect(await findStrays(folderOf(spec))).toEqual([]);
  });

  it("two ways to one state folder are one: a link to it changes nothing", async () => {
    const link = join(rig.folder, "link");
    await symlink(rig.stateDir, link);
    const { microvm } = rig.connect({ stateDir: link });
    const spec = rig.spec({ does: "sleeps" });
    await Promise.all([runtime.start(spec, signal), microvm.start(spec, signal)]);
    expect(await findStrays(folderOf(spec))).toHaveLength(1);
    await Promise.all([runtime.stop(spec.name, { graceMs: 0 }, signal), microvm.remove(spec.name, signal)]);
    expect(await stateOf(spec)).toBeUndefined();
  });

  it.skipIf(process.getuid?.() !== 0)("its state folder may be missing, full or read-only", async () => {
    const stateDir = join(rig.folder, "odd");
    const { microvm } = rig.connect({ stateDir });
    const spec = rig.spec({ does: "sleeps" });
    expect(await microvm.list(signal)).toEqual([]);
    await microvm.stop(spec.name, { graceMs: 0 }, signal);
    await microvm.remove(spec.name, signal);
    await mkdir(stateDir, { recursive: true });
    await run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0711", "tmpfs", stateDir]);
    try {
      await cp(folderOf(specs.halted).record, join(stateDir, "note"));
      expect((await microvm.probe(signal)).ok).toBe(true);
      await writeFile(join(stateDir, "full"), Buffer.alloc(2 ** 20)).catch(() => {});
      await expect(microvm.start(spec, signal)).rejects.toMatchObject({ code: "disk_full" });
      await rm(join(stateDir, "full"));
      expect(
        (await readdir(stateDir)).filter((name) => !name.startsWith(".") || /^\.(new|gone)/.test(name)),
      ).toEqual(["note"]);
      await run(["mount", "-o", "remount,ro", stateDir]);
      await expect(microvm.start(spec, signal)).rejects.toMatchObject({ code: "permission_denied" });
      expect(await microvm.list(signal)).toEqual([]);
      const anew = rig.connect({ stateDir: stateDir }).microvm;
      expect(await anew.inspect(spec.name, signal)).toBeUndefined();
    } finally {
      await run(["umount", "--lazy", stateDir]);
    }
  });
});
