import { describe, expect, it } from "vitest";
import {
  component,
  exited,
  instance,
  missing,
  neverStarted,
  nowMs,
  reasons,
  script,
  sees,
  service,
  target,
  trying,
  up,
} from "../test/example.ts";
import type { ComponentGoal, Instance, RestartPolicy, ServiceGoal } from "./goal.ts";
import type { Sighting } from "./observation.ts";
import { plan } from "./plan.ts";

const planFor = (
  made: Instance,
  seen: Sighting,
  { of = {}, ...more }: Partial<ServiceGoal> & { of?: Partial<ComponentGoal> } = {},
) =>
  plan(service([component("web", { instances: [made], ...of })], more), sees({ [made.name]: seen }), nowMs);

const repair = { cause: "repair" } as const;

describe("a start that was asked for", () => {
  it("starts the same instance again, and waits until it stands", () => {
    const planned = planFor(instance("web.1"), exited(143));
    expect(script(planned)).toEqual(["1 start web.1", "2 stand web.1 after 1"]);
    expect(planned.steps[0]?.reason).toBe("it exited with code 143");
  });

  it("makes a new one where there is none", () => {
    expect(script(plan(service([component("web")]), sees(), nowMs))).toEqual([
      "1 start web.new (new)",
      "2 stand web.new after 1",
    ]);
  });

  it("pulls for one that is missing, if its image is gone too", () => {
    const goal = service([component("web", { instances: [instance("web.1")] })]);
    expect(script(plan(goal, sees({ "web.1": missing }, []), nowMs))).toEqual([
      "1 pull sha256:2",
      "2 start web.1 after 1",
      "3 stand web.1 after 2",
    ]);
    expect(script(plan(goal, sees({ "web.1": exited() }, []), nowMs))[0]).toBe("1 start web.1");
  });

  it("is obeyed whatever the restart policy says", () => {
    const of = { target: target({ restart: { policy: "no" } }) };
    expect(script(planFor(instance("web.1"), exited(0), { of }))[0]).toBe("1 start web.1");
  });

  it("is nothing for what runs", () => {
    for (const state of ["running", "starting"] as const)
      expect(planFor(instance("web.1"), { state, specHash: "v2" }).steps).toEqual([]);
  });

  it("stops what is on its way down first", () => {
    const planned = planFor(instance("web.1"), { state: "stopping", specHash: "v2" });
    expect(script(planned)).toEqual(["1 stop web.1", "2 start web.1 after 1", "3 stand web.1 after 2"]);
    expect(reasons(planned)[0]).toBe("stop: it is on its way down");
  });
});

describe("a restart that was asked for", () => {
  const startedAt = (startedAtMs: number) => instance("web.1", { startedAtMs });
  const of = { restartBeforeMs: nowMs - 100 };

  it("stops and starts what was started before it", () => {
    const planned = planFor(startedAt(nowMs - 101), up(), { of });
    expect(script(planned)).toEqual(["1 stop web.1", "2 start web.1 after 1", "3 stand web.1 after 2"]);
    expect(reasons(planned).slice(0, 2)).toEqual([
      "stop: a restart was asked for",
      "start: a restart was asked for",
    ]);
  });

  it("is done once it was started since", () => {
    expect(planFor(startedAt(nowMs - 100), up(), { of }).steps).toEqual([]);
  });

  it("goes on after a kill between its stop and its start", () => {
    expect(script(planFor(startedAt(0), exited(143), { of }))).toEqual([
      "1 start web.1",
      "2 stand web.1 after 1",
    ]);
  });

  it("is not taken for a failure of what is on trial", () => {
    const made = { ...startedAt(0), role: "candidate" } as const;
    expect(script(planFor(made, exited(143), { of, ...trying }))[0]).toBe("1 start web.1");
  });

  it("of a moment to come is not obeyed, or it would go on until then", () => {
    expect(planFor(startedAt(0), up(), { of: { restartBeforeMs: nowMs + 1 } }).steps).toEqual([]);
  });

  it("stops dependents first and starts them last", () => {
    const web = component("web", { instances: [instance("web.1")], ...of });
    const dependsOn = target({ dependsOn: ["web"] });
    const api = component("api", { target: dependsOn, instances: [instance("api.1")], ...of });
    expect(script(plan(service([api, web]), sees({ "web.1": up(), "api.1": up() }), nowMs))).toEqual([
      "1 stop api.1",
      "2 stop web.1 after 1",
      "3 start web.1 after 2",
      "4 stand web.1 after 3",
      "5 start api.1 after 1,3",
      "6 stand api.1 after 5",
    ]);
  });
});

describe("a restart for its health that was cut short before its stop was over", () => {
  const made = instance("web.1", { startedAtMs: nowMs - 30_000, restarts: 4, quickEnds: 1 });
  const often = { policy: "on-failure", maxRetries: 4 } as const;
  const of = {
    restartBeforeMs: nowMs - 20_000,
    target: target({ restart: often, health: { restart: true, limitMs: 35_000 } }),
  };

  it.each(["running", "starting", "stopping"] as const)(
    "bug: is taken for one that was asked for, and begins every count anew, while it is %s",
    (state) => {
      const planned = planFor(made, { state, specHash: "v2" }, { ...repair, of });
      expect(script(planned)).toEqual(["1 stop web.1", "2 start web.1 (restart) after 1"]);
      expect(planned.steps.map(({ action }) => action)).toMatchObject([
        { isForRestart: true },
        { isRestart: true, quickEnds: 2 },
      ]);
    },
  );

  it("is one that was asked for where somebody asks", () => {
    expect(script(planFor(made, up(), { of }))[1]).toBe("2 start web.1 after 1");
  });
});

describe("a repair", () => {
  it.each<[RestartPolicy, Sighting, string[]]>([
    [{ policy: "unless-stopped" }, exited(0), ["1 start web.1 (restart)"]],
    [{ policy: "always" }, exited(0), ["1 start web.1 (restart)"]],
    [{ policy: "always" }, missing, ["1 start web.1 (restart)"]],
    [{ policy: "on-failure" }, exited(1), ["1 start web.1 (restart)"]],
    [{ policy: "on-failure" }, exited(0), []],
    [{ policy: "on-failure" }, missing, ["1 start web.1 (restart)"]],
    [{ policy: "on-failure", maxRetries: 3 }, exited(1), ["1 start web.1 (restart)"]],
    [{ policy: "on-failure", maxRetries: 2 }, exited(1), []],
    [{ policy: "no" }, exited(1), []],
    [{ policy: "no" }, missing, []],
  ])("keeps the restart policy %j: %j", (restart, seen, steps) => {
    const of = { target: target({ restart }) };
    expect(script(planFor(instance("web.1", { restarts: 2 }), seen, { ...repair, of }))).toEqual(steps);
  });

  it("waits out the pause of what keeps ending too soon, and asks to be woken at the end of the first", () => {
    const made = [
      instance("web.1", { startedAtMs: nowMs, quickEnds: 8 }),
      instance("api.1", { startedAtMs: nowMs, quickEnds: 3 }),
    ];
    const goal = service(
      made.map((one) => component(one.name.slice(0, 3), { instances: [one] })),
      repair,
    );
    const seen = sees({ "web.1": exited(1), "api.1": exited(1) });
    const { wakeAtMs = 0, ...rest } = plan(goal, seen, nowMs);
    expect(rest).toEqual({ steps: [], notes: [], blocked: [] });
    expect(wakeAtMs - nowMs).toBeGreaterThanOrEqual(2_000);
    expect(wakeAtMs - nowMs).toBeLessThanOrEqual(4_000);
    expect(script(plan(goal, seen, wakeAtMs))).toEqual(["1 start api.1 (restart)"]);
  });

  it("carries the count of quick ends along, and an asked start begins it anew", () => {
    const made = instance("web.1", { startedAtMs: nowMs - 100_000, quickEnds: 3 });
    const unseen: Sighting = { state: "exited", specHash: "v2" };
    expect(planFor(made, unseen, repair).steps[0]?.action).toMatchObject({ quickEnds: 0 });
    expect(planFor(made, exited(1), repair).steps[0]?.action).toMatchObject({
      isRestart: true,
      quickEnds: 4,
    });
    expect(planFor(made, exited(1)).steps[0]?.action).toMatchObject({ isRestart: false, quickEnds: 0 });
  });

  it("that failed lately waits for its time, and keeps nobody else waiting", () => {
    const goal = service(
      [
        component("web", { instances: [instance("web.1")], notBeforeMs: nowMs + 9_000 }),
        component("api", { instances: [instance("api.1")] }),
      ],
      repair,
    );
    const planned = plan(goal, sees({ "web.1": missing, "api.1": exited(1) }), nowMs);
    expect(script(planned)).toEqual(["1 start api.1 (restart)"]);
    expect(planned.wakeAtMs).toBe(nowMs + 9_000);
    expect(script(plan({ ...goal, cause: "operation" }, sees({ "web.1": missing }), nowMs))).toContain(
      "1 start web.1",
    );
    expect(plan(goal, sees({ "web.1": up(), "api.1": up() }), nowMs)).not.toHaveProperty("wakeAtMs");
  });

  it("starts what was recorded and never started, whatever the policy", () => {
    const of = { target: target({ restart: { policy: "no" } }) };
    expect(script(planFor(neverStarted("web.1"), missing, { ...repair, of }))).toEqual(["1 start web.1"]);
    const planned = planFor(neverStarted("web.1"), { state: "created", specHash: "v2" }, { ...repair, of });
    expect(reasons(planned)).toEqual(["start: it was made, but not started"]);
  });

  it("holds to the policy for what has ended, even if a kill kept its start from being recorded", () => {
    const of = { target: target({ restart: { policy: "no" } }) };
    expect(planFor(neverStarted("web.1"), exited(0), { ...repair, of }).steps).toEqual([]);
  });

  it("replaces what runs with settings that are not its own", () => {
    expect(script(planFor(instance("web.1"), up("theirs"), repair))).toEqual([
      "1 stop web.1",
      "2 start web.new (new) after 1",
      "3 remove web.1 after 1,2",
    ]);
  });
});

describe("an instance on trial", () => {
  const made = instance("web.1", { role: "candidate" });

  it("is judged, not started again, when it is down after its start", () => {
    for (const seen of [exited(3), missing])
      expect(script(planFor(made, seen, trying))).toEqual(["1 stand web.1", "2 accept 2 keep web.1 after 1"]);
    expect(reasons(planFor(made, exited(3), trying))[0]).toBe("stand: it exited with code 3");
  });

  it("that has ended was started, even if a kill kept that from being recorded", () => {
    const unrecorded = neverStarted("web.1", { role: "candidate" });
    expect(script(planFor(unrecorded, exited(3), trying))[0]).toBe("1 stand web.1");
    expect(script(planFor(unrecorded, missing, trying))[0]).toBe("1 start web.1");
  });

  it("is judged no more once nothing is on trial", () => {
    expect(script(planFor(made, exited(3), repair))).toEqual(["1 start web.1 (restart)"]);
    expect(planFor(made, up()).steps).toEqual([]);
  });

  it("must still stand its start period when it runs", () => {
    const planned = planFor(made, up(), trying);
    expect(script(planned)).toEqual(["1 stand web.1", "2 accept 2 keep web.1 after 1"]);
    expect(planned.steps[0]?.reason).toBe("it has not yet stood its start period");
  });
});
