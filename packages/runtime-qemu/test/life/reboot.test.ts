import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VmFolder } from "../../src/vm/vm-folder.ts";
import { type QemuRig, rigMissing, startQemuRig } from "../rig.ts";

/** What QEMU left lies there after the power was lost, its pid is somebody else's, and nobody wrote down how it ended. */

const why = await rigMissing();
const { signal } = new AbortController();
let rig: QemuRig;
const strangers: ChildProcess[] = [];
beforeAll(async () => {
  if (why === undefined) rig = await startQemuRig();
}, 60_000);
afterAll(async () => {
  for (const stranger of strangers) stranger.kill("SIGKILL");
  await rig?.close();
}, 60_000);

const ticksOf = async (pid: number | undefined) =>
  (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ")[19];

describe.skipIf(why !== undefined)(`a virtual machine after a reboot${why ? ` (${why})` : ""}`, () => {
  it.each(["names a stranger", "was torn"])(
    "that runs no more is booted again, where its pid file %s",
    async (how) => {
      const { microvm } = rig.connect();
      const spec = rig.spec({ does: "sleeps" });
      await microvm.start(spec, signal);
      const folder = VmFolder.of(rig.stateDir, spec.name);
      const { pid = 0 } = (await microvm.inspect(spec.name, signal)) ?? {};
      const keeper = Number((await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ")[1]);
      // First the one who would write down the end of the other.
      for (const each of [keeper, pid]) if (each > 1) process.kill(each, "SIGKILL");
      await expect.poll(() => stat(`/proc/${pid}`).catch(() => "gone"), { timeout: 10_000 }).toBe("gone");

      const bootId = randomUUID();
      const stranger = spawn("sleep", ["1000"], { stdio: "ignore" });
      strangers.push(stranger);
      const identity = `${stranger.pid} ${await ticksOf(stranger.pid)} ${bootId}\n`;
      await writeFile(folder.pid, how === "was torn" ? "" : identity);
      const record = JSON.parse(await readFile(folder.record, "utf8"));
      await writeFile(folder.record, JSON.stringify({ ...record, boot: { ...record.boot, bootId } }));
      expect((await stat(join(folder.run, "qmp"))).isSocket()).toBe(true);
      await expect(stat(folder.exit)).rejects.toMatchObject({ code: "ENOENT" });

      const found = await microvm.inspect(spec.name, signal);
      expect(found).toMatchObject({ state: "exited", exit: { reason: "unknown" } });
      expect(found?.exit?.code).toBeUndefined();
      await microvm.start(spec, signal);
      const again = await microvm.inspect(spec.name, signal);
      expect(again).toMatchObject({ name: spec.name, state: "running" });
      expect([pid, stranger.pid]).not.toContain(again?.pid);
      await microvm.stop(spec.name, { graceMs: 5_000 }, signal);
      await microvm.remove(spec.name, signal);
      expect(stranger.exitCode ?? stranger.signalCode).toBe(null);
    },
  );
});
