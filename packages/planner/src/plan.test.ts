import { describe, expect, it } from "vitest";
import {
  component,
  exited,
  instance,
  leftOver,
  missing,
  nowMs,
  reasons,
  rejected,
  script,
  sees,
  service,
  target,
  tcp,
  trying,
  unknown,
  up,
} from "../test/example.ts";
import { plan } from "./plan.ts";

const nothing = { steps: [], notes: [], blocked: [] };

describe("a deploy", () => {
  it("of something new pulls, starts, waits until it stands, and accepts", () => {
    const { current: _, ...first } = service([component("web")], trying);
    const planned = plan(first, sees({}, []), nowMs);
    expect(script(planned)).toEqual([
      "1 pull sha256:2",
      "2 start web.new (new) after 1",
      "3 stand web.new after 2",
      "4 accept 2 keep web.new after 1,2,3",
    ]);
    expect(reasons(planned)).toEqual([
      "pull: the image is not on this node",
      "start: it does not exist yet",
      "stand: it must stand its start period",
      "accept: all that it asks for is so",
    ]);
    expect(planned.steps[2]?.action).toMatchObject({ startPeriodMs: 5_000 });
  });

  it("of what runs already only accepts", () => {
    const goal = service([component("web", { instances: [instance("web.1")] })], trying);
    expect(script(plan(goal, sees({ "web.1": up() }), nowMs))).toEqual(["1 accept 2 keep web.1"]);
  });

  it("pulls an image once, whoever needs it, and before anything is stopped", () => {
    const old = instance("web.1", { specHash: "v1" });
    const goal = service([component("web", { instances: [old] }), component("worker")], trying);
    expect(script(plan(goal, sees({ "web.1": up("v1") }, []), nowMs))).toEqual([
      "1 pull sha256:2",
      "2 stop web.1 after 1",
      "3 start web.new (new) after 1,2",
      "4 stand web.new after 3",
      "5 start worker.new (new) after 1,2",
      "6 stand worker.new after 5",
      "7 accept 2 keep web.new,worker.new after 1,2,3,4,5,6",
      "8 remove web.1 after 7",
    ]);
  });

  it("starts what is stopped again, if its settings are the same", () => {
    const goal = service([component("web", { instances: [instance("web.1")] })], trying);
    expect(script(plan(goal, sees({ "web.1": exited(143) }), nowMs))).toEqual([
      "1 start web.1",
      "2 stand web.1 after 1",
      "3 accept 2 keep web.1 after 1,2",
    ]);
  });

  it("adds a component without touching the others", () => {
    const goal = service([component("web", { instances: [instance("web.1")] }), component("worker")], trying);
    expect(script(plan(goal, sees({ "web.1": up() }), nowMs))).toEqual([
      "1 start worker.new (new)",
      "2 stand worker.new after 1",
      "3 accept 2 keep web.1,worker.new after 1,2",
    ]);
  });

  it("stops a component that is no longer there, and removes it once the revision is accepted", () => {
    const web = component("web", { instances: [instance("web.1")] });
    const worker = leftOver("worker", [instance("worker.1", { specHash: "v1" })]);
    const planned = plan(
      service([web, worker], trying),
      sees({ "web.1": up(), "worker.1": up("v1") }),
      nowMs,
    );
    expect(script(planned)).toEqual([
      "1 stop worker.1",
      "2 accept 2 keep web.1 after 1",
      "3 remove worker.1 after 2",
    ]);
    expect(planned.steps[0]?.reason).toBe("the definition no longer has this component");
  });

  it("of a stopped definition accepts it without a start, and keeps nothing of other settings", () => {
    const old = instance("web.1", { specHash: "v1" });
    const web = component("web", { desired: "stopped", instances: [old] });
    const goal = service([web], { ...trying, desired: "stopped" });
    expect(script(plan(goal, sees({ "web.1": up("v1") }), nowMs))).toEqual([
      "1 stop web.1",
      "2 accept 2 keep  after 1",
      "3 remove web.1 after 2",
    ]);
  });

  it("is planned as an operation while it is on trial, whoever looks", () => {
    const goal = service([component("web")], { ...trying, cause: "repair", managed: "report" });
    expect(script(plan(goal, sees(), nowMs))).toEqual([
      "1 start web.new (new)",
      "2 stand web.new after 1",
      "3 accept 2 keep web.new after 1,2",
    ]);
  });
});

describe("an undeploy", () => {
  const web = component("web", { instances: [instance("web.1")] });

  it("stops, removes and forgets everything", () => {
    const goal = service([web, leftOver("worker", [instance("worker.1")])], { desired: "absent" });
    const planned = plan(goal, sees({ "web.1": up(), "worker.1": exited() }), nowMs);
    expect(script(planned)).toEqual([
      "1 stop web.1",
      "2 remove web.1 after 1",
      "3 remove worker.1",
      "4 forget after 1,2,3",
    ]);
    expect(reasons(planned).at(0)).toBe("stop: the service is being undeployed");
  });

  it("stops in the reverse order of depends_on", () => {
    const api = component("api", { target: target({ dependsOn: ["web"] }), instances: [instance("api.1")] });
    const goal = service([web, api], { desired: "absent" });
    expect(script(plan(goal, sees({ "web.1": up(), "api.1": up() }), nowMs))).toEqual([
      "1 stop api.1",
      "2 stop web.1 after 1",
      "3 remove web.1 after 2",
      "4 remove api.1 after 1",
      "5 forget after 1,2,3,4",
    ]);
  });

  it("forgets nothing as long as part of it is unknown, and does the rest", () => {
    const goal = service([web, leftOver("worker", [instance("worker.1")])], { desired: "absent", ...trying });
    const planned = plan(goal, sees({ "web.1": up(), "worker.1": unknown }), nowMs);
    expect(script(planned)).toEqual(["1 stop web.1", "2 remove web.1 after 1"]);
    expect(planned.blocked).toEqual([{ component: "worker", why: "podman does not answer" }]);
  });

  it("of something that never came to be only forgets", () => {
    expect(script(plan(service([], { desired: "absent" }), sees(), nowMs))).toEqual(["1 forget"]);
  });
});

describe("what is unknown", () => {
  const ports = [tcp(80)];

  it("keeps a whole revision from being tried, or undone", () => {
    const goal = [component("web", { instances: [instance("web.1")] }), component("worker")];
    const blocked = [{ component: "web", why: "podman does not answer" }];
    for (const candidate of [trying, rejected])
      expect(plan(service(goal, candidate), sees({ "web.1": unknown }), nowMs)).toEqual({
        ...nothing,
        blocked,
      });
  });

  it("is what was not looked for, too", () => {
    const goal = service([component("web", { instances: [instance("web.1")] })], { cause: "repair" });
    const blocked = [{ component: "web", why: "it was not looked for" }];
    expect(plan(goal, sees(), nowMs)).toEqual({ ...nothing, blocked });
  });

  it("is left alone by a repair that goes on with the rest", () => {
    const web = component("web", { instances: [instance("web.1"), instance("web.0", { role: "retired" })] });
    const worker = component("worker", { instances: [instance("worker.1")] });
    const goal = service([web, worker], { cause: "repair" });
    const planned = plan(goal, sees({ "web.1": exited(1), "web.0": unknown, "worker.1": missing }), nowMs);
    expect(script(planned)).toEqual(["1 start worker.1 (restart)"]);
    expect(planned.blocked).toEqual([{ component: "web", why: "podman does not answer" }]);
  });

  it("keeps what wants its host port waiting, and what wants that one's port in turn", () => {
    const web = component("web", { instances: [instance("web.1", { ports })] });
    const api = component("api", {
      target: target({ ports }),
      instances: [instance("api.1", { specHash: "v1", ports: [tcp(81)] })],
    });
    const worker = component("worker", { target: target({ ports: [tcp(81, "10.0.0.1")] }) });
    const goal = service([worker, api, web], { cause: "repair" });
    const planned = plan(goal, sees({ "web.1": unknown, "api.1": up("v1") }), nowMs);
    expect(planned.steps).toEqual([]);
    expect(planned.blocked).toEqual([
      { component: "web", why: "podman does not answer" },
      { component: "api", why: expect.stringContaining("may still be held by web") },
      { component: "worker", why: expect.stringContaining("may still be held by api") },
    ]);
  });
});

describe("what is not to be managed", () => {
  const down = component("web", { instances: [instance("web.1")] });
  const seen = sees({ "web.1": exited(1) });

  it("is never touched while the service is ignored", () => {
    for (const more of [{}, trying, rejected])
      expect(plan(service([down], { ...more, desired: "ignore" }), seen, nowMs)).toEqual(nothing);
  });

  it("is not repaired", () => {
    for (const managed of ["report", "ignore"] as const) {
      expect(plan(service([down], { managed, cause: "repair" }), seen, nowMs)).toEqual(nothing);
      expect(script(plan(service([down], { managed }), seen, nowMs))).toEqual([
        "1 start web.1",
        "2 stand web.1 after 1",
      ]);
    }
  });
});
