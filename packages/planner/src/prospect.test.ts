import { describe, expect, it } from "vitest";
import { component, exited, instance, missing, nowMs, sees, service, target, up } from "../test/example.ts";
import { judge } from "./drift.ts";
import type { ComponentGoal, Instance, ServiceGoal } from "./goal.ts";
import type { Sighting } from "./observation.ts";
import { stableMs } from "./restart.ts";

interface More {
  readonly of?: Partial<ServiceGoal>;
  readonly component?: Partial<ComponentGoal>;
}

function judged(made: Instance, seen: Sighting, { of = {}, component: more = {} }: More = {}) {
  const goal = component("web", { instances: [made], ...more });
  return judge(service([goal], of), goal, sees({ [made.name]: seen }), nowMs);
}

const lastExit = { atMs: nowMs - 9_000, code: 7, reason: "exited" } as const;
const crashed = (quickEnds: number): Instance =>
  instance("web.1", { startedAtMs: nowMs - 1_000, quickEnds, lastExit });
const ended: Sighting = { state: "exited", specHash: "v2", exit: { ...lastExit, atMs: nowMs } };

describe("a crash loop", () => {
  it("begins with the third quick end in a row, and says when it is tried again", () => {
    expect(judged(crashed(1), ended)).toMatchObject({ observed: "exited", drift: [{ kind: "exited" }] });
    const text = "it exited with code 7, 3 times in a row soon after its start";
    const found = judged(crashed(2), ended);
    expect(found).toMatchObject({
      observed: "crash-looping",
      drift: [{ kind: "crash_looping", text }],
      crashLoop: { quickEnds: 3, text },
    });
    expect(found.nextTryAtMs).toBeGreaterThanOrEqual(nowMs + 1_000);
  });

  it("goes on while it runs, until it has run for long enough", () => {
    expect(judged(crashed(3), up())).toMatchObject({
      observed: "crash-looping",
      drift: [
        { kind: "crash_looping", text: "it exited with code 7, 3 times in a row soon after its start" },
      ],
      crashLoop: { stableAtMs: nowMs - 1_000 + stableMs },
    });
    const stable = { ...crashed(3), startedAtMs: nowMs - stableMs };
    expect(judged(stable, up())).toEqual({ observed: "running", drift: [], instance: "web.1" });
  });

  it("is over when the clock was set back, rather than for as long as it was", () => {
    expect(judged({ ...crashed(3), startedAtMs: nowMs + 1 }, up()).observed).toBe("running");
  });

  it("is of what is missing, too, and says how it ended if that was seen", () => {
    const made = { ...crashed(4), startedAtMs: nowMs - 10_000 };
    expect(judged(made, missing)).toMatchObject({
      observed: "crash-looping",
      drift: [{ text: "it exited with code 7, 5 times in a row soon after its start" }],
    });
  });

  it("is none where nobody starts it again", () => {
    for (const managed of ["report", "ignore"] as const)
      expect(judged(crashed(9), ended, { of: { managed } })).toEqual({
        observed: "exited",
        drift: [{ kind: "exited", text: "it exited with code 7" }],
        instance: "web.1",
      });
    const restart = { policy: "on-failure", maxRetries: 0 } as const;
    expect(judged(crashed(9), ended, { component: { target: target({ restart }) } })).toMatchObject({
      observed: "exited",
      leftBecause: "it exited with code 7, after 0 restarts, the most it may have",
    });
    expect(judged(crashed(9), exited(0), { component: { desired: "stopped" } }).observed).toBe("stopped");
  });
});

describe("what could not be put right", () => {
  it("says when it is tried again", () => {
    const notBeforeMs = nowMs + 5_000;
    for (const seen of [missing, exited(1), { state: "created", specHash: "v2" } as const])
      expect(judged(instance("web.1"), seen, { component: { notBeforeMs } }).nextTryAtMs).toBe(notBeforeMs);
    expect(judged(instance("web.1"), up(), { component: { notBeforeMs } })).not.toHaveProperty("nextTryAtMs");
  });
});
