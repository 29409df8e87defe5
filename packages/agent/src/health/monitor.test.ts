import { FakeClock } from "@mcp/base/fake-clock";
import { silentLogger } from "@mcp/host";
import type { ExecResult, Runtime } from "@mcp/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Watched } from "./ask.ts";
import { type HealthChange, HealthMonitor } from "./monitor.ts";

let clock: FakeClock;
let monitor: HealthMonitor;
/** When which instance was asked, in ms. */
let asked: [string, number][];
let answer: (instance: string) => ExecResult | Promise<ExecResult>;
const ok = { exitCode: 0, output: "" };
const bad = { exitCode: 1, output: "" };

beforeEach(() => {
  clock = new FakeClock();
  monitor = new HealthMonitor(clock, () => 0.5, silentLogger);
  asked = [];
  answer = () => ok;
});
afterEach(() => monitor.close());

const runtime = {
  exec: async (instance: string) => {
    asked.push([instance, clock.monotonic()]);
    return answer(instance);
  },
} as unknown as Runtime;

const watched = (
  instance: string,
  more: Partial<Watched["check"]> = {},
  of: Partial<Watched> = {},
): Watched => ({
  service: "shop",
  instance,
  check: {
    probe: { kind: "exec", argv: ["ready"] },
    intervalMs: 1_000,
    timeoutMs: 500,
    retries: 2,
    startPeriodMs: 5_000,
    restart: false,
    ...more,
  },
  ports: [],
  runtime,
  startedAtMs: clock.now(),
  isOnTrial: true,
  ...of,
});
/** Time passes, a little at a time, so that what is under way has come to rest before it goes on. */
async function pass(ms: number): Promise<void> {
  const untilMs = clock.monotonic() + ms;
  do {
    await clock.advance(Math.min(25, untilMs - clock.monotonic()));
    await new Promise((resolve) => setImmediate(resolve));
  } while (clock.monotonic() < untilMs);
}
const timesOf = (instance: string) => asked.filter(([name]) => name === instance).map(([, ms]) => ms);
const stateOf = (instance: string) => monitor.of(instance)?.state;

describe("what is asked", () => {
  it("is asked at once, then at pauses that grow, and at the interval once it is healthy", async () => {
    answer = () => (asked.length >= 4 ? ok : bad);
    monitor.begin(watched("db.1"));
    await pass(3_000);
    expect(timesOf("db.1")).toEqual([0, 100, 250, 475, 1_475, 2_475]);
    expect(monitor.of("db.1")).toMatchObject({ state: "healthy", text: "ready exited with code 0" });
  });

  it("is not known before its first answer", async () => {
    answer = () => new Promise(() => {});
    monitor.begin(watched("db.1"));
    await pass(400);
    expect(monitor.of("db.1")).toBeUndefined();
    expect(monitor.of("another.1")).toBeUndefined();
  });

  it("is given up when it hangs, and asked again", async () => {
    answer = () => new Promise(() => {});
    monitor.begin(watched("db.1"));
    await pass(20_000);
    expect(monitor.of("db.1")).toMatchObject({ state: "unhealthy", text: "it did not answer within 500ms" });
    expect(timesOf("db.1").length).toBeGreaterThan(2);
  });

  it("tells each change once, and whether it is another state or only other words", async () => {
    const told: HealthChange[] = [];
    monitor.changes.subscribe((change) => told.push(change));
    let output = "a";
    answer = () => ({ exitCode: 1, output });
    monitor.begin(watched("db.1"));
    await pass(1_000);
    output = "b";
    await pass(1_000);
    answer = () => ok;
    await pass(5_000);
    expect(told.map(({ instance, isTurn }) => [instance, isTurn])).toEqual([
      ["db.1", true],
      ["db.1", false],
      ["db.1", true],
    ]);
  });

  it("is asked no more once it is forgotten, and anew from the beginning after that", async () => {
    monitor.begin(watched("db.1"));
    await pass(0);
    expect(stateOf("db.1")).toBe("healthy");
    monitor.forget("db.1");
    expect(monitor.of("db.1")).toBeUndefined();
    await pass(10_000);
    expect(asked).toHaveLength(1);
    answer = () => bad;
    monitor.begin(watched("db.1"));
    await pass(0);
    expect(stateOf("db.1")).toBe("starting");
  });

  it("goes on as it is when the same is wanted again, and begins anew with another check", async () => {
    monitor.begin(watched("db.1"));
    await pass(0);
    answer = () => bad;
    monitor.begin(watched("db.1"));
    await pass(0);
    expect([asked.length, stateOf("db.1")]).toEqual([1, "healthy"]);
    monitor.begin(watched("db.1", { retries: 7 }));
    await pass(0);
    expect([asked.length, stateOf("db.1")]).toEqual([2, "starting"]);
  });

  it("is taken to run where it was accepted and has run for longer than its start period, until it fails often", async () => {
    answer = () => bad;
    const old = { startedAtMs: clock.now() - 6_000, isOnTrial: false };
    monitor.begin(watched("db.1", {}, old));
    monitor.begin(watched("tried.1", {}, { ...old, isOnTrial: true }));
    await pass(0);
    expect([stateOf("db.1"), stateOf("tried.1")]).toEqual([undefined, "starting"]);
    await pass(1_000);
    expect(stateOf("db.1")).toBe("unhealthy");
  });

  it("suffers nothing from a clock that is set", async () => {
    answer = () => bad;
    monitor.begin(watched("db.1"));
    clock.jump(86_400_000);
    await pass(4_000);
    expect(stateOf("db.1")).toBe("starting");
    clock.jump(-172_800_000);
    await pass(4_000);
    expect(stateOf("db.1")).toBe("unhealthy");
  });
});

describe("what a look finds", () => {
  it("is asked, and nothing else of that service; others' stay", async () => {
    monitor.keep("shop", [watched("db.1"), watched("web.1")]);
    monitor.keep("blog", [watched("blog.1", {}, { service: "blog" })]);
    await pass(0);
    monitor.keep("shop", [watched("web.1")]);
    expect(["db.1", "web.1", "blog.1"].map(stateOf)).toEqual([undefined, "healthy", "healthy"]);
    monitor.keep("blog", []);
    await pass(5_000);
    expect(timesOf("blog.1")).toHaveLength(1);
  });

  it("bug: is taken to be as its last life was, if it was started anew between two looks", async () => {
    monitor.keep("shop", [watched("db.1")]);
    await pass(2_000);
    answer = () => bad;
    monitor.keep("shop", [watched("db.1")]);
    await pass(0);
    expect(stateOf("db.1")).toBe("starting");
  });

  it("is the same life whether its runtime or the agent has stamped its start", async () => {
    const stampedByAgent = watched("db.1");
    monitor.begin(stampedByAgent);
    await pass(0);
    const startedAtMs = clock.now();
    for (const stamp of [startedAtMs - 3_000, startedAtMs, startedAtMs + 900])
      monitor.keep("shop", [{ ...stampedByAgent, startedAtMs: stamp }]);
    expect([asked.length, stateOf("db.1")]).toEqual([1, "healthy"]);
  });

  it("does not end the asking of what nobody can see at present", async () => {
    monitor.keep("shop", [watched("db.1")]);
    await pass(0);
    monitor.keep("shop", [], new Set(["db.1"]));
    expect(stateOf("db.1")).toBe("healthy");
  });
});

describe("many of them", () => {
  it("do not all run a program at once", async () => {
    let running = 0;
    let most = 0;
    answer = async () => {
      most = Math.max(most, ++running);
      await clock.sleep(100);
      running--;
      return ok;
    };
    for (const service of ["shop", "blog"])
      monitor.keep(
        service,
        Array.from({ length: 25 }, (_, index) => watched(`${service}.${index}`, {}, { service })),
      );
    await pass(3_000);
    expect(most).toBe(4);
    expect(new Set(asked.map(([name]) => name)).size).toBe(50);
  });

  it.each([2, 10, 30])(
    "are asked as often while %i others hang, all of one service or each of its own",
    async (count) => {
      answer = (instance) => (instance.startsWith("hung") ? new Promise(() => {}) : ok);
      for (const [index, service] of Array.from({ length: count }, (_, at) => [at, `s${at}`] as const)) {
        monitor.keep(service, [watched(`hung.${index}`, {}, { service })]);
        monitor.begin(watched(`hung.same.${index}`, {}, { service: "same" }));
      }
      // The first time nobody knows yet that they hang.
      await pass(15_000);
      const fromMs = clock.monotonic();
      monitor.keep("calm", [watched("calm.1", {}, { service: "calm" })]);
      await pass(20_000);
      expect(timesOf("calm.1")).toEqual(Array.from({ length: 21 }, (_, times) => fromMs + times * 1_000));
      expect(stateOf("calm.1")).toBe("healthy");
      expect(stateOf("hung.0")).toBe("unhealthy");
    },
  );

  it("leave nothing behind when it is over", async () => {
    monitor.keep(
      "shop",
      Array.from({ length: 1_000 }, (_, index) => watched(`db.${index}`)),
    );
    await pass(10);
    expect(clock.sleeping).toBe(1_000);
    monitor.close();
    await pass(0);
    expect(clock.sleeping).toBe(0);
    monitor.begin(watched("late.1"));
    await pass(1_000);
    expect(timesOf("late.1")).toEqual([]);
  });
});
