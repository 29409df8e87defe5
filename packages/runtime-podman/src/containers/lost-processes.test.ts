import { spawn } from "node:child_process";
import { once } from "node:events";
import { FakeClock } from "@mcp/base/fake-clock";
import type { Workload } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { hasEnded, isOnTheHost } from "./lost.ts";
import { LostProcesses } from "./lost-processes.ts";

const running: Workload = {
  name: "shop-api-7",
  kind: "container",
  labels: { service: "shop", component: "api", instance: "shop-api-7", revision: 1, specHash: "v1:a" },
  state: "running",
  imageReference: "shop-api:v1",
  ports: [],
  pid: 4711,
  startedAtMs: 5_000,
};
const { pid: _, ...withoutPid } = running;
const ended = { ...withoutPid, state: "exited", exit: { atMs: 5_000, reason: "unknown" } };

describe("a workload that podman holds for alive", () => {
  const gone = new Set<number>();
  const make = () => {
    gone.clear();
    const clock = new FakeClock();
    return { clock, lost: new LostProcesses(clock, (pid) => gone.has(pid)) };
  };

  it("has ended when its process has been gone for a second", async () => {
    const { clock, lost } = make();
    expect(lost.correct("c1", running)).toEqual(running);
    gone.add(4711);
    expect(lost.correct("c1", running)).toEqual(running);
    await clock.advance(999);
    expect(lost.correct("c1", running)).toEqual(running);
    await clock.advance(1);
    expect(lost.correct("c1", running)).toEqual(ended);
    expect(lost.correct("c1", { ...running, state: "stopping" })).toEqual(ended);
  });

  it("is left as it is while podman may still be noticing", async () => {
    const { clock, lost } = make();
    gone.add(4711);
    lost.correct("c1", running);
    await clock.advance(5_000);
    const noticed = {
      ...withoutPid,
      state: "exited",
      exit: { atMs: 9_000, code: 3, reason: "exited" },
    } as const;
    expect(lost.correct("c1", noticed)).toEqual(noticed);
  });

  it("is looked at anew when it has been started again, or another has the same process id", async () => {
    const { clock, lost } = make();
    gone.add(4711).add(4712);
    lost.correct("c1", running);
    await clock.advance(1_000);
    const again = { ...running, pid: 4712 };
    expect(lost.correct("c1", again)).toEqual(again);
    expect(lost.correct("c2", running)).toEqual(running);
    gone.delete(4711);
    expect(lost.correct("c1", running)).toEqual(running);
    gone.add(4711);
    expect(lost.correct("c1", running)).toEqual(running);
  });
});

describe("a process", () => {
  it("has ended, or has not", async ({ skip }) => {
    skip(!isOnTheHost, "in a container, process ids may mean others than to podman");
    const child = spawn("sleep", ["60"]);
    const pid = child.pid ?? expect.fail("it did not start");
    expect(hasEnded(pid)).toBe(false);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(hasEnded(pid)).toBe(true);
    expect(hasEnded(process.pid)).toBe(false);
  });

  it("has ended when nobody has asked yet how", async ({ skip }) => {
    skip(!isOnTheHost, "in a container, process ids may mean others than to podman");
    const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = await once(parent.stdout, "data");
    const pid = Number(line);
    expect(hasEnded(pid)).toBe(false);
    await expect.poll(() => hasEnded(pid)).toBe(true);
    expect(() => process.kill(pid, 0)).not.toThrow();
    parent.kill("SIGKILL");
    await once(parent, "exit");
  });

  it("is asked after so cheaply that a hundred do not matter", () => {
    const begin = performance.now();
    for (let count = 0; count < 100; count++) hasEnded(process.pid);
    expect(performance.now() - begin).toBeLessThan(50);
  });
});
