import { readdir, readlink, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { realClock } from "@mcp/host";
import { afterEach, describe, expect, it } from "vitest";
import { type PodmanRig, startPodmanRig } from "./rig.ts";
import { SocketProxy } from "./socket-proxy.ts";
import { supervisorsOf } from "./supervisors.ts";
import { withRig } from "./with-rig.ts";

describe("podman in trouble", () => {
  const at = withRig();
  let proxy: SocketProxy | undefined;
  afterEach(async () => {
    await proxy?.close();
    proxy = undefined;
  });
  const openProxy = async () => {
    proxy = await SocketProxy.open(join(at.rig.folder, "proxy.sock"), at.rig.socket);
    return proxy;
  };

  /** For whom time flies, though nothing else is quicker. */
  const hasty = () => {
    const clock = { ...realClock, monotonic: () => realClock.monotonic() * 10 };
    return at.rig.connect({ clock }).runtime;
  };

  it("hangs: each call gives up when its time is over, and says so", async ({ signal }) => {
    const clock = new FakeClock();
    const hanging = await openProxy();
    hanging.mode = "hang";
    const { runtime } = at.rig.connect({ socket: hanging.path, clock });
    const calls = {
      list: [10_000, () => runtime.list(signal)],
      inspect: [10_000, () => runtime.inspect("x", signal)],
      start: [60_000, () => runtime.start(at.spec({ does: "sleeps" }), signal)],
      remove: [10_000, () => runtime.remove("x", signal)],
      logs: [10_000, () => Array.fromAsync(runtime.logs("x", {}, signal))],
      events: [10_000, () => Array.fromAsync(runtime.events(signal))],
    } as const;
    for (const [name, [limitMs, call]] of Object.entries(calls)) {
      let outcome: unknown = "pending";
      call().then(
        (value) => {
          outcome = value;
        },
        (error: unknown) => {
          outcome = error;
        },
      );
      await expect.poll(() => clock.sleeping).toBeGreaterThan(0);
      await clock.advance(limitMs - 1);
      expect(outcome, name).toBe("pending");
      await clock.advance(1);
      await expect.poll(() => outcome, { message: name }).toMatchObject({ code: "runtime_timeout" });
    }
    await expect.poll(() => hanging.open).toBe(0);
  });

  it("hangs: probe says why, and what to do", async ({ signal }) => {
    const clock = new FakeClock();
    const hanging = await openProxy();
    hanging.mode = "hang";
    const { runtime } = at.rig.connect({ socket: hanging.path, clock });
    const probe = runtime.probe(signal);
    await expect.poll(() => clock.sleeping).toBeGreaterThan(0);
    await clock.advance(10_000);
    expect(await probe).toEqual({
      ok: false,
      why: "podman did not answer within 10s",
      hint: "see whether podman hangs: podman ps",
    });
  });

  it("hangs: a caller that gives up first gets its own reason at once", async () => {
    const hanging = await openProxy();
    hanging.mode = "hang";
    const { runtime } = at.rig.connect({ socket: hanging.path });
    const controller = new AbortController();
    const listing = runtime.list(controller.signal);
    await expect.poll(() => hanging.asked).toEqual(["GET /containers/json"]);
    controller.abort("enough");
    await expect(listing).rejects.toBe("enough");
    await expect.poll(() => hanging.open).toBe(0);
  });

  it("is not there, or refuses: nothing is said to be gone", async ({ signal }) => {
    const { runtime, images } = at.rig.connect({ socket: join(at.rig.folder, "nobody.sock") });
    const unavailable = { code: "runtime_unavailable", message: expect.stringContaining("is not there") };
    await expect(runtime.list(signal)).rejects.toMatchObject(unavailable);
    await expect(runtime.inspect("x", signal)).rejects.toMatchObject(unavailable);
    await expect(runtime.stop("x", { graceMs: 0 }, signal)).rejects.toMatchObject(unavailable);
    await expect(runtime.remove("x", signal)).rejects.toMatchObject(unavailable);
    await expect(images.exists(at.image, signal)).rejects.toMatchObject(unavailable);
    expect(await runtime.probe(signal)).toMatchObject({
      ok: false,
      why: expect.stringContaining("is not there"),
    });
    const dead = await SocketProxy.open(join(at.rig.folder, "dead.sock"), "/nowhere");
    const refusing = at.rig.connect({ socket: dead.path }).runtime;
    await expect(refusing.list(signal)).rejects.toMatchObject({ code: "runtime_unavailable" });
    await dead.close();
  });

  it("breaks off its streams: each says so", async ({ signal }) => {
    const breaking = await openProxy();
    const { runtime } = at.rig.connect({ socket: breaking.path });
    const events = Array.fromAsync(runtime.events(signal));
    events.catch(() => {});
    await expect.poll(() => breaking.asked).toContain("GET /events");
    await realClock.sleep(100);
    breaking.breakOff();
    await expect(events).rejects.toMatchObject({ code: "runtime_unavailable" });
  });

  it("is restarted between two calls: the second does not notice", async ({ signal }) => {
    const spec = at.spec({ does: "sleeps" });
    await at.runtime.start(spec, signal);
    await at.rig.service.kill();
    await expect(at.runtime.list(signal)).rejects.toMatchObject({ code: "runtime_unavailable" });
    await at.rig.service.start();
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
    await at.rig.service.kill();
    await at.rig.service.start();
    expect((await at.runtime.list(signal)).map(({ name }) => name)).toContain(spec.name);
  });

  it("dies in the middle of a stop: the stop can be asked for again", async ({ signal }) => {
    const spec = at.spec({ does: "ignores being asked to stop" });
    await at.runtime.start(spec, signal);
    const stopping = at.runtime.stop(spec.name, { graceMs: 30_000 }, signal);
    stopping.catch(() => {});
    await expect.poll(async () => (await at.runtime.inspect(spec.name, signal))?.state).toBe("stopping");
    await at.rig.service.kill();
    await expect(stopping).rejects.toMatchObject({ code: "runtime_unavailable" });
    await at.rig.service.start();
    await at.runtime.stop(spec.name, { graceMs: 1_000 }, signal);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "exited" });
  });

  it("dies in the middle of a stop: what is removed then has ended, and is not only forgotten", async ({
    signal,
  }) => {
    const spec = await at.stubborn(signal);
    const stopping = at.runtime.stop(spec.name, { graceMs: 30_000 }, signal).catch(() => {});
    await expect.poll(async () => (await at.runtime.inspect(spec.name, signal))?.state).toBe("stopping");
    await at.rig.service.kill();
    await stopping;
    await at.rig.service.start();
    expect(await supervisorsOf(at.rig.folder, spec.name)).toHaveLength(1);
    await at.runtime.remove(spec.name, signal);
    await expect.poll(() => supervisorsOf(at.rig.folder, spec.name)).toEqual([]);
    expect(await at.runtime.inspect(spec.name, signal)).toBeUndefined();
  });

  it("dies in the middle of a stop: what is started instead runs anew, once it has had time to end", async ({
    signal,
  }) => {
    const line = 'trap "trap \\"exit 0\\" TERM" TERM; echo ready; while :; do sleep 1000 & wait $!; done';
    const spec = at.shell(line);
    await at.runtime.start(spec, signal);
    for await (const { text } of at.runtime.logs(spec.name, { follow: true }, signal))
      if (text === "ready") break;
    const before = await at.runtime.inspect(spec.name, signal);
    const stopping = at.runtime.stop(spec.name, { graceMs: 30_000 }, signal).catch(() => {});
    await expect.poll(async () => (await at.runtime.inspect(spec.name, signal))?.state).toBe("stopping");
    await at.rig.service.kill();
    await stopping;
    await at.rig.service.start();
    await hasty().start(spec, signal);
    const now = await at.runtime.inspect(spec.name, signal);
    expect(now).toMatchObject({ state: "running", pid: expect.any(Number) });
    expect(now?.pid).not.toBe(before?.pid);
    expect(await supervisorsOf(at.rig.folder, spec.name)).toHaveLength(1);
    await at.runtime.remove(spec.name, signal);
  });

  it("dies in the middle of a start: the start can be asked for again", async ({ signal }) => {
    for (const afterMs of [1, 3, 5, 8, 12, 20, 40, 50, 60, 70, 80, 90, 100, 110, 130]) {
      const spec = at.spec({ does: "sleeps" });
      const starting = at.runtime.start(spec, signal).catch(() => {});
      await realClock.sleep(afterMs);
      await at.rig.service.kill();
      await starting;
      await at.rig.service.start();
      await at.runtime.start(spec, signal);
      expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
      const same = (await at.runtime.list(signal)).filter(({ name }) => name === spec.name);
      expect(same).toHaveLength(1);
      expect(await supervisorsOf(at.rig.folder, spec.name)).toHaveLength(1);
    }
  });

  it("dies in the middle of a removal: it can be asked for again, or a start instead", async ({ signal }) => {
    for (const afterMs of [1, 3, 5, 10, 20, 30, 40, 60, 80, 100]) {
      const spec = at.spec({ does: "sleeps" });
      await at.runtime.start(spec, signal);
      const removing = at.runtime.remove(spec.name, signal).catch(() => {});
      await realClock.sleep(afterMs);
      await at.rig.service.kill();
      await removing;
      await at.rig.service.start();
      if (afterMs % 20 === 0) {
        await hasty().start(spec, signal);
        expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
      }
      await at.runtime.remove(spec.name, signal);
      expect(await at.runtime.inspect(spec.name, signal)).toBeUndefined();
      await expect.poll(() => supervisorsOf(at.rig.folder, spec.name)).toEqual([]);
    }
  });

  it("closes every stream that was given up, here and in podman", async ({ signal }) => {
    const counting = await openProxy();
    const { runtime } = at.rig.connect({ socket: counting.path });
    const spec = at.spec({ does: "ticks" });
    await runtime.start(spec, signal);
    const useStreams = async () => {
      for (let round = 0; round < 10; round++) {
        const controller = new AbortController();
        const events = Array.fromAsync(runtime.events(controller.signal)).catch(() => {});
        for await (const _ of runtime.logs(spec.name, { follow: true }, signal)) break;
        await runtime.exec(spec.name, ["true"], { timeoutMs: 10_000 }, signal);
        controller.abort();
        await events;
      }
    };
    await useStreams();
    // Go closes some files only when it cleans up its memory: answering makes it do that, and two minutes at the latest.
    const podmans = async () => {
      await at.rig.cli(["--url", `unix://${at.rig.socket}`, "info"]);
      return openFiles(at.rig.service.pid);
    };
    const [ours, theirs] = [await openFiles(process.pid), await podmans()];
    await useStreams();
    await useStreams();
    await expect.poll(podmans, { timeout: 150_000, interval: 200 }).toBeLessThanOrEqual(theirs + 3);
    expect(await openFiles(process.pid)).toBeLessThanOrEqual(ours + 3);
    // What is left are the connections that are kept for calls.
    expect(counting.open).toBeLessThanOrEqual(4);
  }, 240_000);

  describe("that shows another store", () => {
    let other: PodmanRig | undefined;
    afterEach(async () => {
      await other?.close();
      other = undefined;
    });

    it("is found out before anything is said to be missing", async ({ signal }) => {
      other = await startPodmanRig();
      const link = join(at.rig.folder, "either.sock");
      await symlink(at.rig.socket, link);
      const { runtime } = at.rig.connect({ socket: link });
      const spec = at.spec({ does: "sleeps" });
      const handle = await runtime.start(spec, signal);
      const probe = await runtime.probe(signal);
      expect(await runtime.list(signal)).not.toEqual([]);

      await unlink(link);
      await symlink(other.socket, link);
      expect(await readlink(link)).toBe(other.socket);
      // The connections that are kept still lead to the first.
      await at.rig.service.kill();
      await at.rig.service.start();

      const changed = { code: "store_changed" };
      await expect(runtime.list(signal)).rejects.toMatchObject(changed);
      await expect(runtime.inspect(spec.name, signal)).rejects.toMatchObject(changed);
      await expect(runtime.recover(handle, signal)).rejects.toMatchObject(changed);
      await expect(runtime.stop(spec.name, { graceMs: 0 }, signal)).rejects.toMatchObject(changed);
      await expect(runtime.remove(spec.name, signal)).rejects.toMatchObject(changed);

      // Once told of it, the caller knows what an empty answer means.
      const told = await runtime.probe(signal);
      expect(told).toMatchObject({ ok: true, store: join(other.folder, "root") });
      expect(told).not.toMatchObject({ store: probe.ok && probe.store });
      expect(await runtime.list(signal)).toEqual([]);
      expect(await runtime.inspect(spec.name, signal)).toBeUndefined();
    });
  });
});

async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}
