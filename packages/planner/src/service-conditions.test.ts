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
