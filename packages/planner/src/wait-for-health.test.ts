import { describe, expect, it } from "vitest";
import {
  component,
  exited,
  instance,
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
import { judge } from "./drift.ts";
import type { ComponentGoal, Instance, ServiceGoal, Target } from "./goal.ts";
import type { Health, Sighting } from "./observation.ts";
import { plan } from "./plan.ts";

const health = (state: Health["state"], more: Partial<Health> = {}): Health => ({
  state,
  sinceMs: 0,
  text: "GET / answered 500",
  hasPassed: state === "healthy",
  ...more,
});
const upAnd = (state: Health["state"], more: Partial<Health> = {}): Sighting => ({
  ...up(),
  state: "running",
  specHash: "v2",
  health: health(state, more),
});
const checked = (restart = false) => ({ health: { restart, limitMs: 35_000 } });

/** `db` has a health check and `web` depends on it, both accepted. */
const shop = (more: Partial<ServiceGoal> = {}, of: { db?: Partial<Target>; web?: Partial<Target> } = {}) =>
  service(
    [
      component("db", { target: target({ ...checked(), ...of.db }), instances: [instance("db.1")] }),
      component("web", {
        target: target({ dependsOn: ["db"], ...of.web }),
        instances: [instance("web.1")],
      }),
    ],
    more,
  );
const planned = (goal: ServiceGoal, seen: Readonly<Record<string, Sighting>>) =>
  script(plan(goal, sees(seen), nowMs));
const repair = { cause: "repair" } as const;

describe("where somebody asked, what depends on a component with a health check", () => {
  const deploy = (web: Partial<ComponentGoal> = {}) =>
    service(
      [
        component("db", { target: target(checked()) }),
        component("web", { target: target({ dependsOn: ["db"] }), ...web }),
      ],
      trying,
    );

  it("starts once that stands", () => {
    expect(planned(deploy(), {})).toEqual([
      "1 start db.new (new)",
      "2 stand db.new after 1",
      "3 start web.new (new) after 2",
      "4 stand web.new after 3",
      "5 accept 2 keep db.new,web.new after 1,2,3,4",
    ]);
    expect(reasons(plan(deploy(), sees(), nowMs))[1]).toBe("stand: it must become healthy");
  });

  it("waits as well for one that runs already and is not healthy yet", () => {
    for (const db of [up(), upAnd("starting"), upAnd("unhealthy")])
      expect(planned(shop(), { "db.1": db, "web.1": exited() })).toEqual([
        "1 stand db.1",
        "2 start web.1 after 1",
        "3 stand web.1 after 2",
      ]);
  });

  it("waits for nothing where that is healthy", () => {
    expect(planned(shop(), { "db.1": upAnd("healthy"), "web.1": exited() })).toEqual([
      "1 start web.1",
      "2 stand web.1 after 1",
    ]);
  });

  it("waits also through one that has nothing to do itself", () => {
    const goal = service([
      component("db", { target: target(checked()), instances: [instance("db.1")] }),
      component("api", { target: target({ dependsOn: ["db"] }), instances: [instance("api.1")] }),
      component("web", { target: target({ dependsOn: ["api"] }), instances: [instance("web.1")] }),
    ]);
    expect(planned(goal, { "db.1": upAnd("starting"), "api.1": up(), "web.1": exited() })).toEqual([
      "1 stand db.1",
      "2 start web.1 after 1",
      "3 stand web.1 after 2",
    ]);
  });

  it("does not wait for one that should be stopped", () => {
    const goal = shop();
    const stopped = {
      ...goal,
      components: goal.components.map((c) => (c.name === "db" ? { ...c, desired: "stopped" as const } : c)),
    };
    expect(planned(stopped, { "db.1": exited(), "web.1": exited() })).toEqual([
      "1 start web.1",
      "2 stand web.1 after 1",
    ]);
  });

  it("is left alone where nothing is known of that", () => {
    const { steps, blocked } = plan(shop(), sees({ "db.1": unknown, "web.1": exited() }), nowMs);
    expect(steps).toEqual([]);
    expect(blocked.map(({ component: name }) => name)).toEqual(["db"]);
  });

  it("waits when what ran before is brought back, too", () => {
    const goal = shop(rejected);
    expect(planned(goal, { "db.1": exited(), "web.1": exited() })).toEqual([
      "1 start db.1",
      "2 stand db.1 after 1",
      "3 start web.1 after 2",
      "4 discard 2 after 1,2,3",
    ]);
    // It may never have been healthy, and comes back all the same.
    const { steps } = plan(goal, sees({ "db.1": exited(), "web.1": exited() }), nowMs);
    expect(steps[1]?.action).toMatchObject({ do: "stand", mayFail: true });
  });

  it("starts in some order where they depend on each other, as after deploys of single components", () => {
    const circle = service([
      component("a", { target: target({ dependsOn: ["b"], ...checked() }) }),
      component("b", { target: target({ dependsOn: ["a"], ...checked() }) }),
    ]);
    expect(planned(circle, {})).toHaveLength(4);
  });
});

describe("where nobody asked, what depends on a component with a health check", () => {
  it("is left for another plan until that is healthy, so that nothing else waits", () => {
    for (const db of [up(), upAnd("starting"), upAnd("unhealthy")])
      expect(planned(shop(repair), { "db.1": db, "web.1": exited(1) })).toEqual([]);
    expect(planned(shop(repair), { "db.1": exited(1), "web.1": exited(1) })).toEqual([
      "1 start db.1 (restart)",
    ]);
  });

  it("starts once that is healthy", () => {
    expect(planned(shop(repair), { "db.1": upAnd("healthy"), "web.1": exited(1) })).toEqual([
      "1 start web.1 (restart)",
    ]);
  });

  it("does not keep its own dependents from being left alone, nor others from being repaired", () => {
    const goal = service(
      [
        ...shop().components,
        component("page", { target: target({ dependsOn: ["web"] }), instances: [instance("page.1")] }),
        component("other", { instances: [instance("other.1")] }),
      ],
      repair,
    );
    const down = { "web.1": exited(1), "page.1": exited(1), "other.1": exited(1) };
    expect(planned(goal, { "db.1": upAnd("starting"), ...down })).toEqual(["1 start other.1 (restart)"]);
  });

  it("goes on running whatever becomes of that", () => {
    expect(planned(shop(repair), { "db.1": upAnd("unhealthy"), "web.1": up() })).toEqual([]);
  });
});

describe("an unhealthy component", () => {
  const db = (more: Partial<Instance>, goal: Partial<ServiceGoal> = repair, to = target(checked(true))) =>
    service([component("db", { target: to, instances: [instance("db.1", more)] })], goal);
  const sick = upAnd("unhealthy", { hasPassed: true });

  it("is started anew where its definition says so, as if it had ended by itself", () => {
    const { steps } = plan(db({}), sees({ "db.1": sick }), nowMs);
    expect(script(plan(db({}), sees({ "db.1": sick }), nowMs))).toEqual([
      "1 stop db.1",
      "2 start db.1 (restart) after 1",
    ]);
    expect(steps[0]?.reason).toBe("it is unhealthy: GET / answered 500");
    expect(steps[0]?.action).toMatchObject({ isForRestart: true });
  });

  it("is started again if that was cut short after the stop, though it ended without a failure", () => {
    const onFailure = target({ ...checked(true), restart: { policy: "on-failure" } });
    const goal = db({ startedAtMs: nowMs - 90_000 }, repair, onFailure);
    const kept = {
      ...goal,
      components: goal.components.map((c) => ({ ...c, restartBeforeMs: nowMs - 1_000 })),
    };
    expect(planned(kept, { "db.1": exited(0) })).toEqual(["1 start db.1 (restart)"]);
    expect(planned(goal, { "db.1": exited(0) })).toEqual([]);
  });

  it("is left as it is where its definition does not, or its restart policy is no", () => {
    expect(planned(db({}, repair, target(checked(false))), { "db.1": sick })).toEqual([]);
    const never = target({ ...checked(true), restart: { policy: "no" } });
    expect(planned(db({}, repair, never), { "db.1": sick })).toEqual([]);
  });

  it("is started anew as often as its restart policy allows", () => {
    const twice = target({ ...checked(true), restart: { policy: "on-failure", maxRetries: 2 } });
    expect(planned(db({ restarts: 1 }, repair, twice), { "db.1": sick })).toHaveLength(2);
    expect(planned(db({ restarts: 2 }, repair, twice), { "db.1": sick })).toEqual([]);
  });

  it("is not started anew beside what somebody asked for, nor while nobody heals it", () => {
    expect(planned(db({}, { cause: "operation" }), { "db.1": sick })).toEqual([]);
    expect(planned(db({}, { ...repair, managed: "report" }), { "db.1": sick })).toEqual([]);
  });

  it("waits before it is started anew when it was never healthy, again and again, however long it was given", () => {
    const often = { startedAtMs: nowMs - 100_000, quickEnds: 9, restarts: 9 };
    const neverHealthy = plan(db(often), sees({ "db.1": upAnd("unhealthy") }), nowMs);
    expect(neverHealthy.steps).toEqual([]);
    expect(neverHealthy.wakeAtMs).toBeGreaterThan(nowMs);
    expect(planned(db(often), { "db.1": sick })).toHaveLength(2);
  });
});

describe("what is observed of a component with a health check", () => {
  const judged = (sighting: Sighting, role: Instance["role"] = "current") => {
    const goal = component("db", { target: target(checked()), instances: [instance("db.1", { role })] });
    const { observed, drift } = judge(service([goal], trying), goal, sees({ "db.1": sighting }), nowMs);
    return [observed, ...drift.map(({ kind, text }) => `${kind}: ${text}`)];
  };

  it("is what its checks say", () => {
    expect(judged(upAnd("healthy"))).toEqual(["running"]);
    expect(judged(upAnd("starting"))).toEqual(["starting"]);
    expect(judged(upAnd("unhealthy"))).toEqual([
      "unhealthy",
      "unhealthy: it is unhealthy: GET / answered 500",
    ]);
  });

  it("is of what depends on it, and is down, that it waits", () => {
    const goal = shop(repair);
    const web = goal.components[1] as ComponentGoal;
    const textWith = (db: Sighting, more: Partial<ServiceGoal> = {}) =>
      judge({ ...goal, ...more }, web, sees({ "db.1": db, "web.1": exited(1) }), nowMs).drift[0]?.text;
    expect(textWith(upAnd("unhealthy"))).toBe("it exited with code 1; it waits until db is healthy");
    expect(textWith(upAnd("healthy"))).toBe("it exited with code 1");
    expect(textWith(upAnd("unhealthy"), { managed: "report" })).toBe("it exited with code 1");
    const circle = goal.components.map((c) => ({ ...c, target: target({ dependsOn: ["db", "web"] }) }));
    expect(textWith(upAnd("unhealthy"), { components: circle })).toBe("it exited with code 1");
  });

  it("is that it runs, before the first answer, where it was accepted, and that it starts, where it is on trial", () => {
    expect(judged(up())).toEqual(["running"]);
    expect(judged(up(), "candidate")).toEqual(["starting"]);
  });
});

describe("what cannot be touched now", () => {
  it("bug: is not stood by, so what depends on its health waits too", () => {
    const goal = service([
      component("old", {
        target: target({ ports: [tcp(80)] }),
        instances: [instance("old.1", { ports: [tcp(80)] })],
      }),
      component("db", { target: target({ ...checked(), ports: [tcp(80)] }) }),
      component("web", { target: target({ dependsOn: ["db"] }) }),
    ]);
    const made = plan(goal, sees({ "old.1": unknown }), nowMs);
    expect(script(made)).toEqual([]);
    expect(made.blocked.map((each) => each.component)).toEqual(["old", "db"]);
  });
});

describe("what has ended with success and is left so", () => {
  const left = [{ policy: "no" }, { policy: "on-failure" }] as const;

  it.each(left)("bug: keeps what depends on it down for ever, with the restart policy %j", (restart) => {
    const goal = shop(repair, { db: { restart } });
    const web = goal.components[1] as ComponentGoal;
    const seen = (code: number) => ({ "db.1": exited(code), "web.1": exited(1) });
    expect(planned(goal, seen(0))).toEqual(["1 start web.1 (restart)"]);
    expect(judge(goal, web, sees(seen(0)), nowMs).drift[0]?.text).toBe("it exited with code 1");
    expect(planned(goal, seen(7))).not.toContain("1 start web.1 (restart)");
  });
});
