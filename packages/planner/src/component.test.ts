import { describe, expect, it } from "vitest";
import {
  component,
  exited,
  instance,
  leftOver,
  missing,
  neverStarted,
  nowMs,
  reasons,
  rejected,
  script,
  sees,
  service,
  target,
  tcp,
  trying,
  up,
} from "../test/example.ts";
import type { ComponentGoal, Target } from "./goal.ts";
import { plan } from "./plan.ts";

const old = (name: string, ...hostPorts: number[]) =>
  instance(name, { specHash: "v1", ports: hostPorts.map((port) => tcp(port)) });

const candidate = (name: string) => instance(name, { role: "candidate", startedAtMs: nowMs - 100 });

const update = (instances: ComponentGoal["instances"], more: Partial<Target> = {}) =>
  service([component("web", { target: target(more), instances })], trying);

describe("an update stop-first", () => {
  it("stops the old one, keeps it until the revision is accepted, then removes it", () => {
    const planned = plan(
      update([old("web.1", 80)], { ports: [tcp(80)] }),
      sees({ "web.1": up("v1") }),
      nowMs,
    );
    expect(script(planned)).toEqual([
      "1 stop web.1",
      "2 start web.new (new) after 1",
      "3 stand web.new after 2",
      "4 accept 2 keep web.new after 1,2,3",
      "5 remove web.1 after 4",
    ]);
    expect(reasons(planned)).toMatchObject({
      0: "stop: revision 2 takes its place",
      1: "start: its image or settings changed",
    });
    expect(planned.notes).toEqual([]);
  });

  it("does not stop what does not run", () => {
    expect(script(plan(update([old("web.1")]), sees({ "web.1": exited(1, "v1") }), nowMs))[0]).toBe(
      "1 start web.new (new)",
    );
  });
});

describe("an update start-first", () => {
  const startFirst = { update: "start-first" } as const;

  it("starts the new one beside the old, which goes when the new one stands", () => {
    const planned = plan(update([old("web.1")], startFirst), sees({ "web.1": up("v1") }), nowMs);
    expect(script(planned)).toEqual([
      "1 start web.new (new)",
      "2 stand web.new after 1",
      "3 stop web.1 after 1,2",
      "4 accept 2 keep web.new after 1,2,3",
      "5 remove web.1 after 4",
    ]);
  });

  it("goes on side by side after a kill, whether the new one was recorded, made, started or is down again", () => {
    const seenAs = [
      [neverStarted("web.2", { role: "candidate" }), missing],
      [neverStarted("web.2", { role: "candidate" }), { state: "created", specHash: "v2" }],
      [neverStarted("web.2", { role: "candidate" }), up()],
      [candidate("web.2"), up()],
      [candidate("web.2"), exited(1)],
    ] as const;
    for (const [made, seen] of seenAs) {
      const ports = [tcp(81)];
      const goal = update([old("web.1", 80), { ...made, ports }], { ...startFirst, ports });
      const planned = plan(goal, sees({ "web.1": up("v1"), "web.2": seen }), nowMs);
      const stop = planned.steps.find(({ action }) => action.do === "stop");
      const stand = planned.steps.find(({ action }) => action.do === "stand");
      expect(stop?.after).toContain(stand?.number);
      expect(planned.notes).toEqual([]);
    }
  });

  it("is stop-first after all when both hold a host port, and says so", () => {
    const ports = [tcp(80, "10.0.0.1")];
    const planned = plan(
      update([old("web.1", 80)], { ...startFirst, ports }),
      sees({ "web.1": up("v1") }),
      nowMs,
    );
    expect(script(planned).slice(0, 2)).toEqual(["1 stop web.1", "2 start web.new (new) after 1"]);
    expect(planned.notes).toEqual([
      "web: update is stop-first after all, since the old and the new one hold the same host port",
    ]);
  });

  it("does not mind a port of an old one that is down", () => {
    const ports = [tcp(80)];
    const planned = plan(
      update([old("web.1", 80)], { ...startFirst, ports }),
      sees({ "web.1": exited(0, "v1") }),
      nowMs,
    );
    expect(planned.notes).toEqual([]);
    expect(script(planned)[0]).toBe("1 start web.new (new)");
  });
});

describe("a host port that moves to another component", () => {
  it("is given up before it is taken, also by what would stay up beside its successor, and says so", () => {
    const web = component("web", {
      target: target({ update: "start-first" }),
      instances: [old("web.1", 80)],
    });
    const api = component("api", { target: target({ ports: [tcp(80)] }) });
    const planned = plan(service([api, web], trying), sees({ "web.1": up("v1") }), nowMs);
    expect(script(planned)).toEqual([
      "1 stop web.1",
      "2 start api.new (new) after 1",
      "3 stand api.new after 2",
      "4 start web.new (new) after 1",
      "5 stand web.new after 4",
      "6 accept 2 keep api.new,web.new after 1,2,3,4,5",
      "7 remove web.1 after 6",
    ]);
    expect(planned.notes).toEqual([
      "web: update is stop-first after all, since api takes over its host port",
    ]);
  });

  it("may be swapped", () => {
    const startFirst = (port: number) => target({ update: "start-first", ports: [tcp(port)] });
    const a = component("a", { target: startFirst(81), instances: [old("a.1", 80)] });
    const b = component("b", { target: startFirst(80), instances: [old("b.1", 81)] });
    const planned = plan(service([a, b], trying), sees({ "a.1": up("v1"), "b.1": up("v1") }), nowMs);
    for (const { action, after } of planned.steps) if (action.do === "start") expect(after).toEqual([1, 2]);
    expect(planned.notes).toHaveLength(2);
  });

  it("is freed in a repair too, where starts do not wait for every stop", () => {
    const web = component("web", { instances: [old("web.1", 80)] });
    const api = component("api", { target: target({ ports: [tcp(80)] }) });
    const goal = service([api, web], { cause: "repair" });
    expect(script(plan(goal, sees({ "web.1": up("v1") }), nowMs))).toEqual([
      "1 stop web.1",
      "2 start api.new (new) after 1",
      "3 start web.new (new) after 1",
      "4 remove web.1 after 1,3",
    ]);
  });
});

describe("a revision that failed", () => {
  const back = (instances: ComponentGoal["instances"], more: Partial<ComponentGoal> = {}) =>
    component("web", { target: target({ revision: 1, specHash: "v1" }), instances, ...more });

  it("is removed, then the old one starts again, then it is discarded; nothing has to stand", () => {
    const goal = service([back([old("web.1"), candidate("web.2")])], rejected);
    const planned = plan(goal, sees({ "web.1": exited(143, "v1"), "web.2": up() }), nowMs);
    expect(script(planned)).toEqual([
      "1 stop web.2",
      "2 remove web.2 after 1",
      "3 start web.1 after 1,2",
      "4 discard 2 after 1,2,3",
    ]);
    expect(reasons(planned)).toEqual([
      "stop: revision 2 failed",
      "remove: revision 2 failed",
      "start: it exited with code 143",
      "discard: what ran before is so again",
    ]);
  });

  it("leaves alone what went on running beside it", () => {
    const goal = service([back([old("web.1"), candidate("web.2")])], rejected);
    expect(script(plan(goal, sees({ "web.1": up("v1"), "web.2": exited(1) }), nowMs))).toEqual([
      "1 remove web.2",
      "2 discard 2 after 1",
    ]);
  });

  it("of a first deploy leaves nothing", () => {
    const { current: _, ...goal } = service([leftOver("web", [candidate("web.1")])], rejected);
    const planned = plan(goal, sees({ "web.1": up() }), nowMs);
    expect(script(planned)).toEqual(["1 stop web.1", "2 remove web.1 after 1", "3 discard 2 after 1,2"]);
    expect(planned.steps[0]?.reason).toBe("revision 2 failed");
  });

  it("goes even where its settings are those that should run, since it was never accepted", () => {
    const goal = service([back([{ ...candidate("web.2"), specHash: "v1" }])], rejected);
    expect(script(plan(goal, sees({ "web.2": up("v1") }), nowMs))).toEqual([
      "1 stop web.2",
      "2 remove web.2 after 1",
      "3 start web.new (new) after 1,2",
      "4 discard 2 after 1,2,3",
    ]);
  });

  it("does not start what was stopped before it", () => {
    const goal = service([back([old("web.1"), candidate("web.2")], { desired: "stopped" })], rejected);
    expect(script(plan(goal, sees({ "web.1": exited(0, "v1"), "web.2": up() }), nowMs))).toEqual([
      "1 stop web.2",
      "2 remove web.2 after 1",
      "3 discard 2 after 1,2",
    ]);
  });
});

describe("a stop", () => {
  const stopped = (instances: ComponentGoal["instances"]) =>
    service([component("web", { desired: "stopped", instances })], { desired: "stopped" });

  it("keeps the instance for the next start", () => {
    const planned = plan(stopped([instance("web.1", { graceMs: 7_000 })]), sees({ "web.1": up() }), nowMs);
    expect(script(planned)).toEqual(["1 stop web.1"]);
    expect(planned.steps[0]).toMatchObject({ action: { graceMs: 7_000 }, reason: "it should be stopped" });
  });

  it("is nothing when it has stopped, and holds", () => {
    for (const cause of ["operation", "repair"] as const)
      for (const seen of [exited(1), missing])
        expect(
          plan({ ...stopped([instance("web.1")]), cause }, sees({ "web.1": seen }), nowMs).steps,
        ).toEqual([]);
  });

  it("of one component goes on with the others", () => {
    const web = component("web", { instances: [instance("web.1")] });
    const worker = component("worker", { desired: "stopped", instances: [instance("worker.1")] });
    expect(script(plan(service([web, worker]), sees({ "web.1": up(), "worker.1": up() }), nowMs))).toEqual([
      "1 stop worker.1",
    ]);
  });

  it("keeps an instance whose settings somebody changed, since it has no successor yet", () => {
    expect(script(plan(stopped([instance("web.1")]), sees({ "web.1": up("theirs") }), nowMs))).toEqual([
      "1 stop web.1",
    ]);
  });

  it("removes what an earlier update left behind", () => {
    const left = instance("web.0", { role: "retired", specHash: "v1" });
    const goal = stopped([instance("web.1"), left]);
    expect(script(plan(goal, sees({ "web.1": exited(), "web.0": exited(0, "v1") }), nowMs))).toEqual([
      "1 remove web.0",
    ]);
  });
});
