import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Runtime, WorkloadSpec } from "@mcp/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAlive, readIdentity } from "../../src/process/process-identity.ts";
import { findStrays } from "../../src/vm/strays.ts";
import { VmFolder } from "../../src/vm/vm-folder.ts";
import { type QemuRig, rigMissing, startQemuRig } from "../rig.ts";
import { type Starter, startStarter } from "./start-starter.ts";

const missing = await rigMissing();
const points = ["made", "image", "clear", "prepare", "record", "shares", "qemu", "started", "ended"] as const;

describe.skipIf(missing)(
  `who starts virtual machines is killed${missing ? ` (not run: ${missing})` : ""}`,
  () => {
    const signal = AbortSignal.timeout(120_000);
    let rig: QemuRig;
    let other: Starter;
    let specs: Record<string, WorkloadSpec>;
    let runtime: Runtime;
    const qemusOf = (name: string) => findStrays(VmFolder.of(rig.stateDir, name));
    const nameOf = (point: string): string => specs[point]?.name ?? "";

    beforeAll(async () => {
      rig = await startQemuRig();
      const host = join(rig.folder, "shared");
      await mkdir(host);
      await chmod(host, 0o755);
      specs = Object.fromEntries(
        points.map((point) => [
          point,
          rig.spec(
            { does: "sleeps" },
            point === "shares"
              ? { volumes: [{ host, guest: "/shared", readOnly: false, relabel: false }] }
              : {},
          ),
        ]),
      ) as unknown as Record<string, WorkloadSpec>;
      other = await startStarter({
        folder: rig.folder,
        specs: Object.values(specs),
        stands: Object.fromEntries(points.map((point) => [nameOf(point), point])),
        removes: [nameOf("ended")],
      });
      runtime = rig.connect().microvm;
    });
    afterAll(() => rig?.close());

    it("and while it lives, nobody else may start, stop or remove there, who may look", async () => {
      const spec = rig.spec({ does: "sleeps" });
      for (const attempt of [
        () => runtime.start(spec, signal),
        () => runtime.stop(nameOf("started"), { graceMs: 0 }, signal),
        () => runtime.remove(nameOf("started"), signal),
      ])
        await expect(attempt()).rejects.toMatchObject({
          code: "runtime_unavailable",
          message: expect.stringContaining(`looked after by another process (pid ${other.pid})`),
        });
      expect((await runtime.inspect(nameOf("started"), signal))?.state).toBe("running");
      expect(await readdir(rig.stateDir)).not.toContain(spec.name);
    });

    it("at any point: whoever comes next finds each once, and brings each to the same end", async () => {
      const before = await runtime.inspect(nameOf("started"), signal);
      const share = await readIdentity(join(rig.stateDir, nameOf("shares"), "share-0.pid"));
      if (!share) throw new Error("no folder is shared");
      await other.kill();
      const states = new Map((await runtime.list(signal)).map(({ name, state }) => [name, state]));
      for (const point of points.slice(0, 6)) expect(states.get(nameOf(point)), point).toBe("created");
      expect(states.get(nameOf("qemu"))).toMatch(/starting|running/);
      expect(states.get(nameOf("ended"))).toBe("exited");
      // The one refusal is remembered for a second.
      await expect
        .poll(() => runtime.stop("nobody", { graceMs: 0 }, signal).then(() => true, String))
        .toBe(true);
      await Promise.all(points.map((point) => runtime.start(specs[point] as WorkloadSpec, signal)));
      const after = await runtime.list(signal);
      expect(after.map(({ state }) => state)).toEqual(points.map(() => "running"));
      for (const { name, pid } of after) expect(await qemusOf(name)).toMatchObject([{ pid }]);
      expect(await isAlive(share)).toBe(false);
      expect(after.find(({ name }) => name === before?.name)?.pid).toBe(before?.pid);
    });

    it("while its keeper is held up: what it was told to start is not started beside another", async () => {
      const spec = rig.spec({ does: "sleeps" });
      const slow = join(rig.folder, "slow");
      await mkdir(slow);
      await writeFile(join(slow, "setsid"), '#!/bin/sh\nsleep 3\nexec /usr/bin/setsid "$@"\n', {
        mode: 0o755,
      });
      const elsewhere = await startQemuRig();
      try {
        const starter = await startStarter(
          { folder: elsewhere.folder, specs: [spec] },
          { waits: false, env: { PATH: `${slow}:${process.env.PATH}` } },
        );
        const folder = VmFolder.of(elsewhere.stateDir, spec.name);
        const names = () => readdir(folder.path).catch((): string[] => []);
        await expect.poll(async () => (await names()).some((name) => name.startsWith("pid.due-"))).toBe(true);
        const dueAt = performance.now();
        await starter.kill();
        const { microvm } = elsewhere.connect();
        await microvm.start(spec, signal);
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, 4_000 - (performance.now() - dueAt))));
        expect(await findStrays(folder)).toHaveLength(1);
        expect((await microvm.inspect(spec.name, signal))?.state).toBe("running");
      } finally {
        await elsewhere.close();
      }
    });
  },
);
