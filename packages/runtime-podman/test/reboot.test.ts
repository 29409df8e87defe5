import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endProcessesOf, removeMounts, removeRuntimeState } from "./rig-leftovers.ts";
import { withRig } from "./with-rig.ts";

describe("after a reboot of the machine", () => {
  const at = withRig();

  it("what ran is found exited, and can be started again", async ({ signal }) => {
    const running = at.spec({ does: "sleeps" });
    const ended = at.spec({ does: "prints and exits", code: 3 });
    await at.runtime.start(running, signal);
    await at.output(ended, signal);
    const before = await at.runtime.inspect(ended.name, signal);

    // All processes die at once, and what is in memory is gone.
    await at.rig.service.kill();
    await endProcessesOf(at.rig.folder, 0);
    await removeMounts(at.rig.folder);
    for (const name of ["run", "tmp", "xdg"]) {
      await rm(join(at.rig.folder, name), { recursive: true, force: true });
      await mkdir(join(at.rig.folder, name), { mode: 0o700 });
    }
    await removeRuntimeState(at.rig.folder);
    await at.rig.service.start();

    const found = await at.runtime.inspect(running.name, signal);
    expect(found).toMatchObject({ state: "exited", exit: { reason: "unknown" } });
    expect(found?.exit).not.toHaveProperty("code");
    const listed = await at.runtime.list(signal);
    expect(listed.find(({ name }) => name === running.name)).toEqual(found);
    expect(await at.runtime.inspect(ended.name, signal)).toEqual(before);

    await at.runtime.start(running, signal);
    expect(await at.runtime.inspect(running.name, signal)).toMatchObject({ state: "running" });
    expect(await readdir(join(at.rig.folder, "run"))).not.toEqual([]);
  });
});
