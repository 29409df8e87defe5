import { realClock } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { withRig } from "./with-rig.ts";

describe("a name", () => {
  const at = withRig();
  const idAndState = (name: string) => at.rig.cli(["inspect", "--format", "{{.Id}} {{.State.Status}}", name]);

  it("that somebody has changed: the instance is not said to be gone, and it is told how to mend it", async ({
    signal,
  }) => {
    const spec = at.spec({ does: "sleeps" });
    const { name } = spec;
    const handle = await at.runtime.start(spec, signal);
    const events = at.runtime.events(signal)[Symbol.asyncIterator]();
    const first = events.next();
    // Podman needs a moment to listen.
    await realClock.sleep(300);
    await at.rig.cli(["rename", name, "by-hand"]);
    expect((await first).value).toMatchObject({ name, what: "changed" });
    await events.return?.();
    const before = await idAndState("by-hand");
    const renamed = {
      code: "spec_conflict",
      message: `somebody has renamed the container ${name} to by-hand, so it is left alone`,
      hint: expect.stringContaining(`podman rename by-hand ${name}`),
    };
    for (const asked of [
      () => at.runtime.inspect(name, signal),
      () => at.runtime.stop(name, { graceMs: 0 }, signal),
      () => at.runtime.remove(name, signal),
      () => Array.fromAsync(at.runtime.logs(name, {}, signal)),
    ])
      await expect(asked()).rejects.toMatchObject(renamed);
    expect(await idAndState("by-hand")).toBe(before);
    expect(await at.runtime.recover(handle, signal)).toMatchObject({ name: "by-hand", labels: spec.labels });
    expect((await at.runtime.list(signal)).map((workload) => workload.name)).toContain("by-hand");

    await at.rig.cli(["rename", "by-hand", name]);
    expect(await at.runtime.inspect(name, signal)).toMatchObject({ name, state: "running" });
    await at.runtime.remove(name, signal);
  });

  it("that somebody has changed, and that a stranger has taken since: neither is touched", async ({
    signal,
  }) => {
    const spec = at.spec({ does: "sleeps" });
    await at.runtime.start(spec, signal);
    await at.rig.cli(["rename", spec.name, "moved-away"]);
    await at.rig.cli(["run", "--detach", "--name", spec.name, at.rig.image, "sleep", "1000"]);
    const [ours, stranger] = [await idAndState("moved-away"), await idAndState(spec.name)];
    await expect(at.runtime.inspect(spec.name, signal)).rejects.toMatchObject({ code: "spec_conflict" });
    await expect(at.runtime.remove(spec.name, signal)).rejects.toMatchObject({ code: "spec_conflict" });
    await expect(at.runtime.start(spec, signal)).rejects.toMatchObject({ code: "spec_conflict" });
    expect([await idAndState("moved-away"), await idAndState(spec.name)]).toEqual([ours, stranger]);
  });

  it.each(["a stranger", "another instance of ours"])(
    "that %s has taken: ours is gone, and that is left alone",
    async (who) => {
      const { signal } = new AbortController();
      const spec = at.spec({ does: "sleeps" });
      await at.runtime.start(spec, signal);
      await at.runtime.remove(spec.name, signal);
      if (who === "a stranger") {
        await at.rig.cli(["run", "--detach", "--name", spec.name, at.rig.image, "sleep", "1000"]);
      } else {
        const other = at.spec({ does: "sleeps" });
        const { specHash } = spec.labels;
        await at.runtime.start({ ...other, labels: { ...other.labels, specHash } }, signal);
        await at.rig.cli(["rename", other.name, spec.name]);
      }
      const before = await idAndState(spec.name);
      expect(await at.runtime.inspect(spec.name, signal)).toBeUndefined();
      await at.runtime.stop(spec.name, { graceMs: 0 }, signal);
      await at.runtime.remove(spec.name, signal);
      await expect(at.runtime.start(spec, signal)).rejects.toMatchObject({
        code: "spec_conflict",
        message: `another container has taken the name ${spec.name}; it is left alone`,
        hint: expect.stringContaining(`podman rename ${spec.name} `),
      });
      expect(await idAndState(spec.name)).toBe(before);
    },
  );
});
