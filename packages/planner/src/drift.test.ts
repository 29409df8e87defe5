import { describe, expect, it } from "vitest";
import {
  component,
  exited,
  instance,
  leftOver,
  missing,
  nowMs,
  sees,
  service,
  unknown,
  up,
} from "../test/example.ts";
import { type Judgement, judge as judgeOf } from "./drift.ts";
import type { ComponentGoal, ServiceGoal } from "./goal.ts";
import type { Observation, Sighting } from "./observation.ts";

const web = component("web", { instances: [instance("web.1")] });
const stopped: ComponentGoal = { ...web, desired: "stopped" };
const judge = (goal: ComponentGoal, seen: Observation, of: Partial<ServiceGoal> = {}): Judgement =>
  judgeOf(service([goal], of), goal, seen, nowMs);
const judged = (goal: ComponentGoal, seen: Sighting) => judge(goal, sees({ "web.1": seen }));

const created: Sighting = { state: "created", specHash: "v2" };
const starting: Sighting = { state: "starting", specHash: "v2" };
const stopping: Sighting = { state: "stopping", specHash: "v2" };

describe("what should run", () => {
  it.each([
    ["running", up()],
    ["starting", starting],
    ["starting", created],
    ["stopping", stopping],
  ] as const)("is %s without drift", (observed, seen) => {
    expect(judged(web, seen)).toEqual({ observed, drift: [], instance: "web.1" });
  });

  it.each([
    ["exited", exited(3), { kind: "exited", text: "it exited with code 3" }],
    ["missing", missing, { kind: "missing", text: "its runtime no longer knows it" }],
    ["unknown", unknown, { kind: "unknown", text: "podman does not answer" }],
    ["running", up("theirs"), { kind: "wrong_spec", text: "its settings are not those of its revision" }],
  ] as const)("is %s with drift", (observed, seen, drift) => {
    expect(judged(web, seen)).toEqual({ observed, drift: [drift], instance: "web.1" });
  });

  it("has a wrong image where that is known to be another than its revision's", () => {
    const made = { ...up("theirs"), imageDigest: "sha256:other" } as Sighting;
    expect(judged(web, made).drift).toEqual([
      { kind: "wrong_image", text: "its image is not that of its revision" },
    ]);
    const same = { ...made, imageDigest: web.target?.image.digest } as Sighting;
    expect(judged(web, same).drift).toMatchObject([{ kind: "wrong_spec" }]);
  });

  it("is missing where it has no instance", () => {
    expect(judge(component("web"), sees())).toEqual({
      observed: "missing",
      drift: [{ kind: "missing", text: "it has no instance" }],
    });
  });

  it("drifts where it runs with the settings of an earlier revision", () => {
    const old = component("web", { instances: [instance("web.1", { specHash: "v1" })] });
    expect(judged(old, up("v1")).drift).toMatchObject([{ kind: "wrong_spec" }]);
  });

  it("is judged by its current instance, then by one on trial, then by what runs", () => {
    const [current, candidate, retired, other] = [
      instance("current"),
      instance("candidate", { role: "candidate" }),
      instance("retired", { role: "retired" }),
      instance("other", { role: "retired" }),
    ];
    const seen = sees({ current: exited(1), candidate: up(), retired: up(), other: exited() });
    const judgedOf = (...instances: (typeof current)[]) =>
      judge(component("web", { instances }), seen).instance;
    expect(judgedOf(retired, candidate, current)).toBe("current");
    expect(judgedOf(retired, candidate)).toBe("candidate");
    expect(judgedOf(other, retired)).toBe("retired");
  });
});

describe("what should not run", () => {
  it.each([exited(1), missing, created])("is stopped when it is down: %j", (seen) => {
    expect(judged(stopped, seen)).toEqual({ observed: "stopped", drift: [], instance: "web.1" });
  });

  it("drifts when it is up", () => {
    for (const goal of [stopped, leftOver("web", web.instances)])
      expect(judged(goal, up())).toEqual({
        observed: "running",
        drift: [{ kind: "not_stopped", text: "it runs, though it should be stopped" }],
        instance: "web.1",
      });
  });

  it("drifts when anything of it is up, even beside a current instance that is down", () => {
    const instances = [instance("web.1"), instance("web.0", { role: "retired" })];
    const seen = sees({ "web.1": exited(), "web.0": up() });
    expect(judge({ ...stopped, instances }, seen)).toMatchObject({
      observed: "running",
      instance: "web.0",
      drift: [{ kind: "not_stopped" }],
    });
  });

  it("is stopped where there is nothing of it", () => {
    expect(judge(component("web", { desired: "stopped" }), sees())).toEqual({
      observed: "stopped",
      drift: [],
    });
  });

  it("is unknown where it is not known", () => {
    expect(judged(stopped, unknown)).toMatchObject({ observed: "unknown", drift: [{ kind: "unknown" }] });
  });
});
