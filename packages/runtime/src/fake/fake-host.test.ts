import { Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import { beforeEach, describe, expect, it } from "vitest";
import type { LogLine } from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";
import { FakeHost } from "./fake-host.ts";
import { FakeImages } from "./fake-images.ts";
import { FakeRuntime } from "./fake-runtime.ts";

const { signal } = new AbortController();
const port = (host: number) => ({ address: "", host, guest: 80, protocol: "tcp" }) as const;

describe("the fake host", () => {
  let clock: FakeClock;
  let host: FakeHost;
  let runtime: FakeRuntime;
  beforeEach(() => {
    clock = new FakeClock();
    host = new FakeHost({ clock });
    runtime = new FakeRuntime(host);
  });

  const spec = (name: string, more: Partial<WorkloadSpec> = {}): WorkloadSpec => ({
    name,
    kind: "container",
    labels: { service: "web", component: "api", instance: name, revision: 1, specHash: "h1" },
    image: host.addImage(`example/${name}:v1`),
    hostname: name,
    env: {},
    ports: [],
    volumes: [],
    network: "mcpnet",
    ...more,
  });

  it("outlives the agents that look at it", async () => {
    await runtime.start(spec("a"), signal);
    expect(await new FakeRuntime(host).list(signal)).toMatchObject([{ name: "a", state: "running" }]);
  });

  it("runs what an image says: lines, then an exit when its time has come", async () => {
    const image = host.addImage("example/short:v1", {
      prints: [{ stream: "stderr", text: "oops" }],
      exitsAfterMs: 500,
      exitCode: 3,
    });
    await runtime.start(spec("a", { image }), signal);
    await clock.advance(499);
    expect(host.running).toEqual(["a"]);
    await clock.advance(1);
    const exit = { code: 3, reason: "exited", atMs: clock.now() };
    expect(await runtime.inspect("a", signal)).toMatchObject({ state: "exited", exit });
    const lines: LogLine[] = [];
    for await (const line of runtime.logs("a", {}, signal)) lines.push(line);
    expect(lines).toMatchObject([{ stream: "stderr", text: "oops" }]);
  });

  it("does not let an earlier run end a later one", async () => {
    const image = host.addImage("example/short:v1", { exitsAfterMs: 500 });
    const again = spec("a", { image });
    await runtime.start(again, signal);
    await clock.advance(300);
    host.exit("a", 1);
    await runtime.start(again, signal);
    await clock.advance(300);
    expect(host.running).toEqual(["a"]);
    await clock.advance(200);
    expect(host.running).toEqual([]);
  });

  it("fails a call as often as it was told to, before its work", async () => {
    const refused = new Problem("runtime_failed", "no", "try again");
    host.fail("start", refused, 2);
    await expect(runtime.start(spec("a"), signal)).rejects.toBe(refused);
    await expect(runtime.start(spec("a"), signal)).rejects.toBe(refused);
    expect(host.workloads).toEqual([]);
    await runtime.start(spec("a"), signal);
    expect(host.running).toEqual(["a"]);
  });

  it("loses the answer of a call whose work is done", async () => {
    host.fail("start", new Problem("runtime_timeout", "no answer", "wait"), 1, "after");
    await expect(runtime.start(spec("a"), signal)).rejects.toMatchObject({ code: "runtime_timeout" });
    expect(host.running).toEqual(["a"]);
  });

  it("hangs until the time limit of the call", async () => {
    host.fail("list", "hang");
    let outcome: unknown = "pending";
    runtime.list(signal).catch((error: unknown) => {
      outcome = error;
    });
    await clock.advance(host.timeLimitMs - 1);
    expect(outcome).toBe("pending");
    await clock.advance(1);
    expect(outcome).toMatchObject({ code: "runtime_timeout" });
  });

  it("is not reached at all while it is down, and probe says why", async () => {
    host.down = new Problem("runtime_unavailable", "no socket", "start it");
    await expect(runtime.list(signal)).rejects.toBe(host.down);
    expect(await runtime.probe(signal)).toEqual({ ok: false, why: "no socket", hint: "start it" });
  });

  it("can answer a list with nothing though something runs", async () => {
    await runtime.start(spec("a"), signal);
    host.listIsEmpty = true;
    expect(await runtime.list(signal)).toEqual([]);
    expect(await runtime.inspect("a", signal)).toMatchObject({ state: "running" });
  });

  it("hides what runs behind another store, and shows it again", async () => {
    await runtime.start(spec("a"), signal);
    host.store = "other";
    expect(await runtime.inspect("a", signal)).toBeUndefined();
    expect(await runtime.probe(signal)).toMatchObject({ store: "other" });
    host.store = "fake";
    expect(host.running).toEqual(["a"]);
  });

  it("notes a violation when a held port is asked for", async () => {
    await runtime.start(spec("a", { ports: [port(80)] }), signal);
    const second = spec("b", { ports: [{ ...port(80), address: "127.0.0.1" }] });
    await expect(runtime.start(second, signal)).rejects.toMatchObject({ code: "port_taken" });
    expect(host.violations).toEqual(["port 80/tcp: b was started while a held it"]);
    await runtime.start(spec("c", { ports: [{ ...port(80), protocol: "udp" }] }), signal);
    expect(host.violations).toHaveLength(1);
  });

  it("knows how many of a component ran side by side", async () => {
    await runtime.start(spec("a"), signal);
    await runtime.stop("a", { graceMs: 0 }, signal);
    await runtime.start(spec("b"), signal);
    expect(host.mostAtOnce("web/api")).toBe(1);
    await runtime.start(spec("c"), signal);
    await runtime.remove("c", signal);
    expect(host.mostAtOnce("web/api")).toBe(2);
  });

  it("shows what an earlier life left, also what it had not yet started", async () => {
    const half = spec("half");
    host.add(half, "created");
    host.add(spec("ended"), "exited");
    expect(host.workloads.map(({ state }) => state)).toEqual(["exited", "created"]);
    await runtime.start(half, signal);
    expect(host.running).toEqual(["half"]);
  });

  it("finds everything exited after a reboot, with no code to be known", async () => {
    await runtime.start(spec("a"), signal);
    host.reboot();
    const [found] = host.workloads;
    expect(found).toMatchObject({ state: "exited", exit: { reason: "unknown" } });
    expect(found?.exit).not.toHaveProperty("code");
  });

  it("keeps a log of calls, and lets a test in before each", async () => {
    host.onCall = ({ call }) => {
      if (call === "stop") throw new Error("killed");
    };
    await runtime.list(signal);
    await expect(runtime.stop("a", { graceMs: 0 }, signal)).rejects.toThrow("killed");
    expect(host.calls).toMatchObject([
      { call: "list", subject: "" },
      { call: "stop", subject: "a" },
    ]);
  });

  it("breaks the event streams that are read, and can miss events", async () => {
    const first = runtime.events(signal);
    const told = first.next();
    await clock.advance(0);
    host.eventsAreMissed = true;
    await runtime.start(spec("a"), signal);
    host.eventsAreMissed = false;
    host.exit("a");
    expect(await told).toMatchObject({ value: { name: "a", what: "exited" } });
    host.breakEvents();
    await expect(first.next()).rejects.toMatchObject({ code: "runtime_unavailable" });
    const second = runtime.events(signal).next();
    await clock.advance(0);
    host.vanish("a");
    expect(await second).toMatchObject({ value: { what: "removed" } });
  });

  it("takes as long as it was told to", async () => {
    host.latencyMs = 100;
    let done = false;
    void runtime.list(signal).then(() => {
      done = true;
    });
    await clock.advance(99);
    expect(done).toBe(false);
    await clock.advance(1);
    expect(done).toBe(true);
  });

  it("needs an image to be pulled before it can be started", async () => {
    const image = host.publish("example/far:v1");
    const images = new FakeImages(host);
    const far = spec("a", { image });
    await expect(runtime.start(far, signal)).rejects.toMatchObject({ code: "image_not_found" });
    await images.pull(image, () => {}, signal);
    await runtime.start(far, signal);
    expect(host.running).toEqual(["a"]);
  });
});
