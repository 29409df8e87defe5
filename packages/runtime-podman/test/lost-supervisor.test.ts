import { realClock } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { isOnTheHost } from "../src/containers/lost.ts";
import { killSupervisor, supervisorsOf } from "./supervisors.ts";
import { withRig } from "./with-rig.ts";

const notOnTheHost = "in a container, process ids may mean others than to podman";

describe("podman", () => {
  const at = withRig();

  it("has lost a container's supervisor: it can be stopped, and started anew", async ({ signal, skip }) => {
    skip(!isOnTheHost, notOnTheHost);
    const spec = at.spec({ does: "sleeps" });
    for (const next of ["stop", "stop, as podman did in vain", "start"]) {
      await at.runtime.start(spec, signal);
      const pid = (await at.runtime.inspect(spec.name, signal))?.pid ?? expect.fail("it has no process");
      await killSupervisor(at.rig, spec.name);
      if (next.includes("in vain")) await at.rig.cli(["stop", "--time", "0", spec.name]).catch(() => {});
      if (next.startsWith("stop")) await at.runtime.stop(spec.name, { graceMs: 0 }, signal);
      else process.kill(pid, "SIGKILL");
      await at.runtime.start(spec, signal);
      const again = await at.runtime.inspect(spec.name, signal);
      expect(again, next).toMatchObject({ state: "running" });
      expect(again?.pid, next).not.toBe(pid);
      expect(await supervisorsOf(at.rig.folder, spec.name), next).toHaveLength(1);
    }
  });

  it("does not see that a process has ended whose supervisor it has lost: it is shown as exited", async ({
    signal,
    skip,
  }) => {
    skip(!isOnTheHost, notOnTheHost);
    const spec = at.shell("echo hello; sleep 600");
    await at.runtime.start(spec, signal);
    const pid = (await at.runtime.inspect(spec.name, signal))?.pid ?? expect.fail("it has no process");
    await killSupervisor(at.rig, spec.name);
    await realClock.sleep(1_500);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running", pid });
    const following = Array.fromAsync(at.runtime.logs(spec.name, { follow: true }, signal));
    process.kill(pid, "SIGKILL");
    const exited = { state: "exited", exit: { reason: "unknown" } };
    await expect.poll(() => at.runtime.inspect(spec.name, signal)).toMatchObject(exited);
    const listed = (await at.runtime.list(signal)).find(({ name }) => name === spec.name);
    expect(listed).toEqual(await at.runtime.inspect(spec.name, signal));
    expect((await following).map(({ text }) => text)).toEqual(["hello"]);
    await at.runtime.remove(spec.name, signal);
    expect(await at.runtime.inspect(spec.name, signal)).toBeUndefined();
  });
});
