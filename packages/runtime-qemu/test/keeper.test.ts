import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readExit } from "../src/process/exit-record.ts";
import { revokeStart, startKept } from "../src/process/keeper.ts";
import {
  identityOf,
  isAlive,
  parseIdentity,
  readIdentity,
  signalTo,
} from "../src/process/process-identity.ts";
import {
  keeperOf,
  MachineRig,
  machineOf,
  machinesMissing,
  mountTinyDisk,
  sector,
  statusOf,
} from "./machine-rig.ts";

const sh = (script: string) => ["/bin/sh", "-c", script];
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a keeper", () => {
  let rig: MachineRig;
  beforeEach(async () => {
    rig = await MachineRig.open();
  });
  afterEach(() => rig.close());

  it.each([
    ["a clean exit", sh("exit 0"), { code: 0, ended: "exited" }],
    ["an exit code", sh("exit 7"), { code: 7, ended: "exited" }],
    ["a kill", sh("kill -9 $$"), { code: 137, ended: "signal" }],
    ["an exit code that looks like a kill", sh("exit 137"), { code: 137, ended: "exited" }],
    ["a crash", sh("ulimit -c 0; kill -SEGV $$"), { code: 139, ended: "signal" }],
    ["a program that is not there", ["/no/such/program"], { code: 127, ended: "exited" }],
  ])("records %s", async (_, argv, expected) => {
    const identity = await rig.keep(argv);
    expect(await rig.end()).toMatchObject({ ...expected, identity });
  });

  it("records when it ended", async () => {
    await rig.keep(sh("sleep 0.3"));
    const { atMs } = await rig.end();
    expect(Math.abs(Date.now() - atMs)).toBeLessThan(2_000);
  });

  it("says why a program could not be started, where its stderr is", async () => {
    await rig.keep(["/no/such/program"]);
    await rig.end();
    expect(await rig.errors()).toContain("/no/such/program");
  });

  it.skipIf(machinesMissing)("records the code of a guest that left by debug-exit", async () => {
    await rig.writeDisk(sector.leaveWith(7));
    await rig.start(machineOf());
    expect(await rig.end()).toMatchObject({ code: 15, ended: "exited" });
  });

  it.skipIf(machinesMissing)("tells a guest that left with 68 from a QEMU that was killed", async () => {
    await rig.writeDisk(sector.leaveWith(68));
    await rig.start(machineOf());
    expect(await rig.end()).toMatchObject({ code: 137, ended: "exited" });
    await rig.writeDisk(sector.wait);
    const identity = await rig.start(machineOf());
    await signalTo(identity, "SIGKILL");
    await expect.poll(async () => (await readExit(rig.files.exit))?.identity).toEqual(identity);
    expect(await rig.end()).toMatchObject({ code: 137, ended: "signal" });
  });

  it("survives the death of who started it, with what it keeps", async () => {
    const kept = { cwd: rig.run, argv: sh("sleep 60; exit 3"), files: rig.files };
    const starter = spawn(
      process.execPath,
      ["--conditions=@mcp/source", join(import.meta.dirname, "start-kept-and-wait.ts"), JSON.stringify(kept)],
      { stdio: ["ignore", "pipe", "inherit"], detached: true },
    );
    const [said] = await once(starter.stdout, "data");
    const identity = parseIdentity(String(said));
    if (!identity) throw new Error(`it said ${said}`);
    rig.adopt(identity);
    expect(await readIdentity(rig.files.pid)).toEqual(identity);
    // Its whole group, as a service manager may do it.
    process.kill(-(starter.pid ?? 0), "SIGKILL");
    await once(starter, "exit");
    await pause(100);
    expect(await isAlive(identity)).toBe(true);
    await signalTo(identity, "SIGKILL");
    expect(await rig.end()).toMatchObject({ code: 137, ended: "signal", identity });
  });

  it("is no child of who started it, and heeds no polite signal", async () => {
    const identity = await rig.keep(["sleep", "60"]);
    const keeper = await keeperOf(identity);
    expect(Number(await statusOf(keeper, "PPid"))).not.toBe(process.pid);
    for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.kill(keeper, name);
    await pause(50);
    await signalTo(identity, "SIGKILL");
    expect(await rig.end()).toMatchObject({ code: 137 });
  });

  it("weighs at most 2 MiB", async () => {
    const identity = await rig.keep(["sleep", "60"]);
    const rssKiB = Number.parseInt(await statusOf(await keeperOf(identity), "VmRSS"), 10);
    expect(rssKiB).toBeGreaterThan(0);
    expect(rssKiB).toBeLessThanOrEqual(2_048);
  });

  it("leaves as soon as it has nothing to keep", async () => {
    const identity = await rig.keep(["sleep", "60"]);
    const keeper = await keeperOf(identity);
    await signalTo(identity, "SIGKILL");
    await rig.end();
    await expect.poll(() => identityOf(keeper)).toBeUndefined();
  });

  it("hands on nothing of this process's environment, and no open file", async () => {
    process.env.MCPT_SECRET = "hunter2";
    try {
      await rig.keep(sh(`env >env; ls /proc/self/fd >fds; umask >umask`));
      await rig.end();
    } finally {
      delete process.env.MCPT_SECRET;
    }
    expect(await readFile(join(rig.run, "env"), "utf8")).not.toContain("hunter2");
    // What this process was itself started with is nobody's secret, and not its to close.
    const { stdout } = await run(["ls", "/proc/self/fd"]);
    expect(await readFile(join(rig.run, "fds"), "utf8")).toBe(stdout);
    expect(await readFile(join(rig.run, "umask"), "utf8")).toBe("0077\n");
  });

  it("forgets the end of an earlier process when it starts another", async () => {
    await rig.keep(sh("exit 7"));
    await rig.end();
    await rig.keep(["sleep", "60"]);
    expect(await readExit(rig.files.exit)).toBeUndefined();
  });

  it("does not speak for another process than its own", async () => {
    const identity = await rig.keep(["sleep", "60"]);
    await writeFile(rig.files.pid, "1 1\n");
    const keeper = await keeperOf(identity);
    await signalTo(identity, "SIGKILL");
    await expect.poll(() => identityOf(keeper)).toBeUndefined();
    expect(await readExit(rig.files.exit)).toBeUndefined();
  });

  it("starts nothing where it cannot be", async () => {
    const kept = { cwd: join(rig.folder, "no such folder"), argv: sh("touch ../started"), files: rig.files };
    await expect(startKept(kept)).rejects.toMatchObject({ code: "start_failed" });
    expect(await readIdentity(rig.files.pid)).toBeUndefined();
    expect(await stat(join(rig.folder, "started")).catch(() => "not there")).toBe("not there");
  });

  it("starts nothing that was revoked, however late it comes, beside what was started since", async () => {
    const ownPath = process.env.PATH;
    const slow = join(rig.folder, "slow");
    await mkdir(slow);
    const slowed = `#!/bin/sh\n: >${rig.folder}/held-up\nsleep 1\nPATH=${ownPath} exec mv "$@"\n`;
    await writeFile(join(slow, "mv"), slowed, { mode: 0o755 });
    process.env.PATH = `${slow}:${ownPath}`;
    const late = startKept({ cwd: rig.run, argv: sh("touch ../started; sleep 60"), files: rig.files }).then(
      (identity) => rig.adopt(identity),
      (error: unknown) => error,
    );
    await expect.poll(() => readdir(rig.folder)).toContain("held-up");
    process.env.PATH = ownPath;
    await revokeStart(rig.files);
    expect(await readIdentity(rig.files.pid)).toBeUndefined();
    const next = await rig.keep(["sleep", "60"]);
    expect(await late).toMatchObject({ code: "start_failed" });
    expect(await readdir(rig.folder)).not.toContain("started");
    expect(await readIdentity(rig.files.pid)).toEqual(next);
    expect(await isAlive(next)).toBe(true);
    expect((await readdir(rig.folder)).filter((name) => name.includes(".due"))).toEqual([]);
  });

  it("starts nothing that it could not record for want of space", async ({ skip }) => {
    const unmount = await mountTinyDisk(rig.run);
    if (!unmount) return skip("a full disk needs root, and leave to mount");
    try {
      await writeFile(join(rig.run, "fill"), Buffer.alloc(128 * 1024)).catch(() => {});
      const files = {
        pid: join(rig.run, "pid"),
        exit: join(rig.run, "exit"),
        errors: join(rig.run, "errors"),
      };
      const kept = { cwd: "/", argv: sh(`touch ${rig.folder}/started`), files };
      await expect(startKept(kept)).rejects.toMatchObject({ code: "disk_full" });
      expect(await stat(join(rig.folder, "started")).catch(() => "not there")).toBe("not there");
    } finally {
      await unmount();
    }
  });

  it("waits for space where there is none to record an end", async ({ skip }) => {
    const unmount = await mountTinyDisk(rig.run);
    if (!unmount) return skip("a full disk needs root, and leave to mount");
    try {
      const files = {
        pid: join(rig.run, "pid"),
        exit: join(rig.run, "exit"),
        errors: join(rig.run, "errors"),
      };
      const identity = await startKept({ cwd: "/", argv: ["sleep", "60"], files });
      rig.adopt(identity);
      await writeFile(join(rig.run, "fill"), Buffer.alloc(128 * 1024)).catch(() => {});
      await signalTo(identity, "SIGKILL");
      await pause(300);
      expect(await readExit(files.exit)).toBeUndefined();
      await rm(join(rig.run, "fill"));
      await expect.poll(() => readExit(files.exit)).toMatchObject({ code: 137, identity });
    } finally {
      await unmount();
    }
  });
});
