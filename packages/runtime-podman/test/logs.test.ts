import { realClock, run, silentLogger } from "@mcp/host";
import type { LogLine, LogOptions } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { inspectContainer } from "../src/containers/lookup.ts";
import { UnixHttp } from "../src/http/unix-http.ts";
import { readLogStream } from "../src/logs/log-stream.ts";
import { PodmanApi } from "../src/podman-api.ts";
import { Connection } from "../src/socket/connection.ts";
import { makePing } from "../src/socket/ping.ts";
import { PodmanService } from "../src/socket/podman-service.ts";
import { withRig } from "./with-rig.ts";

describe("a container's log", () => {
  const at = withRig();

  it("is kept in bounds, and what is followed goes on in the new file", async ({ signal }) => {
    const { runtime } = at.rig.connect({ logMaxBytes: 4_000 });
    const spec = at.shell("i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo line $i; sleep 0.01; done");
    await runtime.start(spec, signal);
    const seen: string[] = [];
    for await (const { text } of runtime.logs(spec.name, { follow: true }, signal)) seen.push(text);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => `line ${index + 1}`));
    const kept = await Array.fromAsync(runtime.logs(spec.name, {}, signal));
    expect(kept.length).toBeLessThan(120);
    expect(kept.at(-1)?.text).toBe("line 200");
  });

  it("goes on over a stop and a start", async ({ signal }) => {
    const spec = at.shell('echo begun; trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done');
    await at.runtime.start(spec, signal);
    await at.runtime.stop(spec.name, { graceMs: 5_000 }, signal);
    await at.runtime.start(spec, signal);
    const texts = async () =>
      (await Array.fromAsync(at.runtime.logs(spec.name, {}, signal))).map((l) => l.text);
    await expect.poll(texts).toEqual(["begun", "begun"]);
  });

  it("ends for a follower when the container is removed", async ({ signal }) => {
    const spec = at.spec({ does: "ticks" });
    await at.runtime.start(spec, signal);
    const following = Array.fromAsync(at.runtime.logs(spec.name, { follow: true }, signal));
    await realClock.sleep(500);
    await at.runtime.remove(spec.name, signal);
    expect((await following).length).toBeGreaterThan(2);
  });

  it("can be followed by many at once without asking podman all the time", async ({ signal }) => {
    const spec = at.spec({ does: "ticks" });
    await at.runtime.start(spec, signal);
    const followers = Array.from({ length: 20 }, async () => {
      let count = 0;
      for await (const _ of at.runtime.logs(spec.name, { follow: true, tail: 0 }, signal))
        if (++count === 5) return count;
      return count;
    });
    expect(await Promise.all(followers)).toEqual(Array(20).fill(5));
  });

  describe("as podman streams it, for logs that are no files of ours", () => {
    const read = async (name: string, options: LogOptions, signal: AbortSignal): Promise<LogLine[]> => {
      const api = apiOf(at.rig.socket);
      const isOver = async () => (await at.runtime.inspect(name, signal))?.state === "exited";
      return Array.fromAsync(readLogStream(api, name, { ...options, clock: realClock, isOver }, signal));
    };

    it("has its lines, each with its stream, in whole seconds", async ({ signal }) => {
      const spec = at.spec({ does: "prints and exits", stdout: ["a", "", "b"], stderr: ["oops"], code: 0 });
      await at.output(spec, signal);
      const lines = await read(spec.name, {}, signal);
      expect(lines.filter(({ stream }) => stream === "stdout").map(({ text }) => text)).toEqual([
        "a",
        "",
        "b",
      ]);
      expect(lines.filter(({ stream }) => stream === "stderr").map(({ text }) => text)).toEqual(["oops"]);
      expect(Math.abs(Date.now() - (lines[0]?.atMs ?? 0))).toBeLessThan(10_000);
      expect((await read(spec.name, { tail: 1 }, signal)).length).toBe(1);
      expect(await read(spec.name, { sinceMs: Date.now() + 60_000 }, signal)).toEqual([]);
    });

    it("is followed until the container ends", async ({ signal }) => {
      const spec = at.spec({ does: "prints and exits", stdout: ["a", "b"], afterMs: 1_000, code: 0 });
      await at.runtime.start(spec, signal);
      expect((await read(spec.name, { follow: true }, signal)).map(({ text }) => text)).toEqual(["a", "b"]);
    });

    it("is not followed for ever, though podman missed the end", async ({ signal }) => {
      const spec = at.spec({ does: "ticks" });
      await at.runtime.start(spec, signal);
      const container = await inspectContainer(apiOf(at.rig.socket), spec.name, signal);
      const isOver = async () => true;
      const options = { follow: true, clock: realClock, isOver };
      const lines = await Array.fromAsync(
        readLogStream(apiOf(at.rig.socket), container?.Id ?? "", options, signal),
      );
      expect(lines.length).toBeGreaterThan(2);
      expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
    });

    it("is what a container with no log file of its own is read by", async ({ signal }) => {
      const spec = at.spec({ does: "sleeps" });
      await at.runtime.start(spec, signal);
      const labels = JSON.parse(
        await at.rig.cli(["inspect", "--format", "{{json .Config.Labels}}", spec.name]),
      ) as Record<string, string>;
      const name = `${spec.name}-quiet`;
      const own = { ...labels, "mcp.instance": name };
      const args = Object.entries(own).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
      await at.rig.cli([
        "run",
        "--detach",
        "--name",
        name,
        "--log-driver",
        "none",
        ...args,
        at.rig.image,
        "true",
      ]);
      await expect(Array.fromAsync(at.runtime.logs(name, {}, signal))).rejects.toMatchObject({
        code: "runtime_failed",
        message: expect.stringContaining("log driver"),
      });
    });
  });
});

function apiOf(socket: string): PodmanApi {
  const http = new UnixHttp();
  const ping = makePing(http, realClock);
  const service = new PodmanService({ stateDir: "/nowhere", ping, run, clock: realClock, log: silentLogger });
  return new PodmanApi(
    new Connection({ configured: socket, candidates: [], service, ping }),
    http,
    realClock,
  );
}
