import { describe, expect, it } from "vitest";
import {
  component,
  exited,
  instance,
  missing,
  nowMs,
  sees,
  service,
  target,
  unknown,
} from "../test/example.ts";
import type { Condition } from "./condition.ts";
import { judge } from "./drift.ts";
import type { Instance, RestartPolicy, ServiceGoal } from "./goal.ts";
import type { Sighting } from "./observation.ts";
import { conditionsOf, type RepairFailure, unsettledOf } from "./service-conditions.ts";

interface Facts {
  readonly made?: Instance;
  readonly restart?: RestartPolicy;
  readonly of?: Partial<ServiceGoal>;
  readonly failures?: Readonly<Record<string, RepairFailure>>;
  readonly lines?: readonly string[];
}

function found(
  seen: Sighting,
  { made = instance("web.1"), restart, of = {}, failures = {}, lines }: Facts = {},
) {
  const web = component("web", { instances: [made], target: target(restart && { restart }) });
  const goal = service([web], of);
  return conditionsOf({
    goal,
    judgements: new Map([["web", judge(goal, web, sees({ "web.1": seen }), nowMs)]]),
    failures: new Map(Object.entries(failures)),
    lastLogLines: new Map(lines ? [["web", lines]] : []),
    waitedMs: new Map(),
  });
}

const codes = (conditions: readonly Condition[]): string[] => conditions.map(({ code }) => code);

describe("the conditions of a service", () => {
  it("are none where it is as it should be, or is about to be put right", () => {
    expect(found({ state: "running", specHash: "v2" })).toEqual([]);
    expect(found(exited(1))).toEqual([]);
    expect(found(missing)).toEqual([]);
  });

  it("say that something keeps crashing, with the end of its log", () => {
    const made = instance("web.1", { quickEnds: 4 });
    expect(found(exited(7), { made, lines: ["boom", "gone"] })).toEqual([
      {
        code: "crash_looping",
        service: "shop",
        component: "web",
        subject: "",
        severity: "critical",
        title: "shop/web keeps crashing",
        text: "it exited with code 7, 5 times in a row soon after its start\nits last log lines:\nboom\ngone",
        hint: "see its log: mcp logs shop/web; what is mended starts at once with: mcp start shop/web",
      },
    ]);
  });

  it("say what nobody puts right", () => {
    expect(found(exited(1), { of: { managed: "report" } })).toMatchObject([
      { code: "drift", severity: "warning", text: "it exited with code 1" },
    ]);
    expect(found(unknown)).toMatchObject([{ code: "unknown", text: "podman does not answer" }]);
    expect(found(exited(1), { restart: { policy: "no" } })).toMatchObject([
      { code: "drift", text: 'it exited with code 1; its restart policy is "no"' },
    ]);
  });

  it("leave out what did its work and ended", () => {
    expect(found(exited(0), { restart: { policy: "no" } })).toEqual([]);
    expect(found(exited(0), { restart: { policy: "on-failure" } })).toEqual([]);
  });

  it("say what could not be put right twice in a row, of a component or of the whole", () => {
    const failure = (times: number) => ({ times, message: "no such image", hint: "pull it" });
    expect(found(missing, { failures: { web: failure(1) } })).toEqual([]);
    const both = found(missing, { failures: { web: failure(2), "": failure(3) } });
    expect(both).toMatchObject([
      {
        code: "repair_failed",
        component: "web",
        title: "shop/web cannot be put right",
        text: "no such image",
      },
      { code: "repair_failed", component: "", title: "shop cannot be put right", hint: "pull it" },
    ]);
  });

  it("are none of what is not to be touched", () => {
    const facts = { made: instance("web.1", { quickEnds: 4 }) };
    expect(codes(found(exited(1), { ...facts, of: { managed: "ignore" } }))).toEqual([]);
    expect(codes(found(exited(1), { ...facts, of: { desired: "ignore" } }))).toEqual([]);
  });
});

describe("what waits for the health of others", () => {
  const unhealthy: Sighting = {
    state: "running",
    specHash: "v2",
    health: { state: "unhealthy", sinceMs: 0, text: "GET / answered 500", hasPassed: false },
  };

  function heldBack(waited: number, seen: Sighting, limitMs = 35_000, web: Sighting = exited(1)) {
    const components = [
      component("db", {
        instances: [instance("db.1")],
        target: target({ health: { restart: false, limitMs } }),
      }),
      component("web", { instances: [instance("web.1")], target: target({ dependsOn: ["db"] }) }),
    ];
    const goal = service(components);
    const observation = sees({ "db.1": seen, "web.1": web });
    return conditionsOf({
      goal,
      judgements: new Map(components.map((each) => [each.name, judge(goal, each, observation, nowMs)])),
      failures: new Map(),
      lastLogLines: new Map(),
      waitedMs: new Map([["web", waited]]),
    }).filter(({ code }) => code === "held_back");
  }

  it("is in order for a minute, and for as long as it may take until it is known how they are", () => {
    expect(heldBack(59_999, unhealthy)).toEqual([]);
    expect(heldBack(60_000, unhealthy)).toHaveLength(1);
    expect(heldBack(299_999, unhealthy, 300_000)).toEqual([]);
    expect(heldBack(300_000, unhealthy, 300_000)).toHaveLength(1);
  });

  it("is told after that, with how those are and what to type", () => {
    expect(heldBack(60_000, unhealthy)).toEqual([
      {
        code: "held_back",
        service: "shop",
        component: "web",
        subject: "",
        severity: "critical",
        title: "shop/web is down, and waits for what it depends on",
        text: "it waits until db is healthy; db: it is unhealthy: GET / answered 500",
        hint: "see the log of what it waits for: mcp logs shop/db; start that anew with: mcp restart shop/db",
      },
    ]);
    expect(heldBack(60_000, missing)[0]?.text).toBe(
      "it waits until db is healthy; db: its runtime no longer knows it",
    );
  });

  it("is not told where it runs, or waits no more", () => {
    const running: Sighting = { state: "running", specHash: "v2" };
    expect(heldBack(60_000, unhealthy, 35_000, running)).toEqual([]);
    const healthy: Sighting = { ...unhealthy, health: { ...unhealthy.health, state: "healthy" } as never };
    expect(heldBack(60_000, healthy)).toEqual([]);
  });
});

describe("what was wrong before is not over", () => {
  const running: Sighting = { state: "running", specHash: "v2" };
  const health = { restart: false, limitMs: 1_000 };

  function isUnsettled(seen: Sighting, more: Partial<Parameters<typeof target>[0]> = {}): boolean {
    const web = component("web", { instances: [instance("web.1")], target: target(more) });
    const goal = service([web]);
    const observation = sees({ "web.1": seen });
    const unsettled = unsettledOf(
      goal,
      new Map([["web", judge(goal, web, observation, nowMs)]]),
      observation,
    );
    return unsettled.includes("shop/web");
  }

  it("while it is unknown, ended or gone", () => {
    for (const seen of [unknown, exited(1), missing]) expect(isUnsettled(seen)).toBe(true);
    expect(isUnsettled(running)).toBe(false);
  });

  it("before its health was asked, and while it has yet to pass", () => {
    const told = { sinceMs: 0, text: "", hasPassed: false };
    expect(isUnsettled(running, { health })).toBe(true);
    expect(isUnsettled({ ...running, health: { state: "starting", ...told } }, { health })).toBe(true);
    expect(isUnsettled({ ...running, health: { state: "unhealthy", ...told } }, { health })).toBe(true);
    expect(isUnsettled({ ...running, health: { state: "healthy", ...told } }, { health })).toBe(false);
  });
});
