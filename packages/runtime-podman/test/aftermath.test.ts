import { readFileSync } from "node:fs";
import { join } from "node:path";
import { realClock } from "@mcp/host";
import type { WorkloadSpec } from "@mcp/runtime";
import { afterEach, describe, expect, it } from "vitest";
import { isOnTheHost } from "../src/containers/lost.ts";
import { SocketProxy } from "./socket-proxy.ts";
import { supervisorsOf } from "./supervisors.ts";
import { freeTcpPort } from "./tcp-ports.ts";
import { withRig } from "./with-rig.ts";

const notOnTheHost = "in a container, process ids may mean others than to podman";

describe.each(["root", "user"] as const)("after a container's end, where podman runs as %s", (who) => {
  const at = withRig(who);
  let proxy: SocketProxy | undefined;
  let held: number | undefined;
  afterEach(async () => {
    await proxy?.close();
    proxy = undefined;
    release();
  });
  const release = () => {
    if (held !== undefined) process.kill(held, "SIGCONT");
    held = undefined;
  };

  /** Kills it, and holds podman's clean-up before it has done anything. */
  const killAndHold = async (name: string, signal: AbortSignal): Promise<void> => {
    const { pid = 0 } = (await at.runtime.inspect(name, signal)) ?? {};
    const supervisor = (await at.rig.cli(["inspect", "--format", "{{.State.ConmonPid}}", name])).trim();
    const children = `/proc/${supervisor}/task/${supervisor}/children`;
    process.kill(pid, "SIGKILL");
    // Without a pause: once it has taken podman's lock, everybody would wait for it.
    for (const giveUp = Date.now() + 5_000; held === undefined && Date.now() < giveUp; ) {
      const all = readFileSync(children, "utf8").trim().split(" ").map(Number);
      held = all.find((child) => child > 0 && child !== pid);
    }
    process.kill(held ?? expect.fail("podman does not clean up"), "SIGSTOP");
    await expect.poll(() => at.runtime.inspect(name, signal)).toMatchObject({ state: "exited" });
  };
  /** As an agent starts it, that has listed it; and what it asked podman for. */
  const startAgain = async (spec: WorkloadSpec, signal: AbortSignal) => {
    proxy = await SocketProxy.open(join(at.rig.folder, "again.sock"), at.rig.socket);
    const { runtime } = at.rig.connect({ socket: proxy.path });
    await runtime.list(signal);
    const { asked } = proxy;
    asked.splice(0);
    return { asked, starting: runtime.start(spec, signal) };
  };
  const serving = async (changes: Partial<WorkloadSpec> = {}) => {
    const host = await freeTcpPort();
    const ports = [{ address: "127.0.0.1", host, guest: 8080, protocol: "tcp" }] as const;
    return { host, spec: at.spec({ does: "serves http", port: 8080 }, { ports, ...changes }) };
  };
  const answers = (port: number) =>
    expect
      .poll(async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))?.status, {
        timeout: 5_000,
      })
      .toBe(200);
  const runsOnce = async (name: string, signal: AbortSignal) => {
    await expect.poll(() => supervisorsOf(at.rig.folder, name)).toHaveLength(1);
    expect(await at.runtime.inspect(name, signal)).toMatchObject({ state: "running" });
  };

  it("it is started in two calls, and answers, also once podman has cleaned up", async ({ signal, skip }) => {
    skip(!isOnTheHost, notOnTheHost);
    const { spec, host } = await serving();
    const handle = await at.runtime.start(spec, signal);
    await answers(host);
    await killAndHold(spec.name, signal);
    const exited = { state: "exited", exit: { code: 137, reason: "signal" } };
    expect((await at.runtime.list(signal)).find(({ name }) => name === spec.name)).toMatchObject(exited);
    const { asked, starting } = await startAgain(spec, signal);
    if (who === "root") {
      // Before the clean-up: its network is still there.
      expect(await starting).toEqual(handle);
      await answers(host);
    }
    release();
    expect(await starting).toEqual(handle);
    const calls = [`GET /containers/${spec.name}/json`, "POST /containers/<id>/start"];
    expect(asked.filter((call) => call !== "GET /info")).toEqual(calls);
    await runsOnce(spec.name, signal);
    await answers(host);
  });

  it("its volumes are not mounted before the clean-up is over, which would undo it unseen", async ({
    signal,
    skip,
  }) => {
    skip(!isOnTheHost, notOnTheHost);
    const volumes = [{ host: at.rig.folder, guest: "/data", readOnly: true, relabel: false }];
    const { spec, host } = await serving({ volumes });
    await at.runtime.start(spec, signal);
    await killAndHold(spec.name, signal);
    const { asked, starting } = await startAgain(spec, signal);
    await realClock.sleep(500);
    expect(asked.filter((call) => call.startsWith("POST"))).toEqual([]);
    release();
    await starting;
    expect(asked.filter((call) => call.startsWith("POST"))).toEqual([
      "POST /containers/<id>/init",
      "POST /containers/<id>/start",
    ]);
    await runsOnce(spec.name, signal);
    await answers(host);
  });

  it("with volumes it is not started where podman hangs in its clean-up, and is once that is over", async ({
    signal,
    skip,
  }) => {
    skip(!isOnTheHost, notOnTheHost);
    const volumes = [{ host: at.rig.folder, guest: "/data", readOnly: true, relabel: false }];
    const { spec, host } = await serving({ volumes });
    const handle = await at.runtime.start(spec, signal);
    await killAndHold(spec.name, signal);
    const { asked, starting } = await startAgain(spec, signal);
    await expect(starting).rejects.toMatchObject({
      code: "runtime_failed",
      message: expect.stringContaining(spec.name),
      // The supervisor, and itself a moment before it becomes the clean-up.
      hint: expect.stringMatching(/: ps -f --ppid \d+(,\d+)?$/),
    });
    expect(asked.filter((call) => call.startsWith("POST"))).toEqual([]);
    release();
    expect(await at.runtime.start(spec, signal)).toEqual(handle);
    await runsOnce(spec.name, signal);
    await answers(host);
  });

  it("killed again and again, it runs once each time, in its own container, and answers", async ({
    signal,
  }) => {
    const { spec, host } = await serving();
    const handle = await at.runtime.start(spec, signal);
    await at.runtime.list(signal);
    const pids = new Set<number>();
    for (let round = 0; round < 8; round++) {
      const { pid = 0 } = (await at.runtime.inspect(spec.name, signal)) ?? {};
      pids.add(pid);
      process.kill(pid, "SIGKILL");
      await expect
        .poll(() => at.runtime.inspect(spec.name, signal), { interval: 1 + round })
        .toMatchObject({ state: "exited", exit: { code: 137 } });
      await realClock.sleep(round * 10);
      expect(await at.runtime.start(spec, signal)).toEqual(handle);
    }
    expect(pids.size).toBe(8);
    await answers(host);
    await runsOnce(spec.name, signal);
    await at.runtime.remove(spec.name, signal);
    await expect.poll(() => supervisorsOf(at.rig.folder, spec.name)).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${host}/`)).rejects.toThrow();
  });

  it("what cannot be started then is kept, and says why", async ({ signal, skip }) => {
    skip(!isOnTheHost, notOnTheHost);
    const spec = at.shell("rm /bin/sh; echo done; sleep 1000");
    const handle = await at.runtime.start(spec, signal);
    for await (const { text } of at.runtime.logs(spec.name, { follow: true }, signal))
      if (text === "done") break;
    await killAndHold(spec.name, signal);
    const { starting } = await startAgain(spec, signal);
    starting.catch(() => {});
    await realClock.sleep(200);
    release();
    await expect(starting).rejects.toMatchObject({ code: "start_failed" });
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "exited" });
    const now = await at.rig.cli(["inspect", "--format", "{{.Id}}", spec.name]);
    expect(handle.state).toContain(now.trim());
  });
});
