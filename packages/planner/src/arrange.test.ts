import { describe, expect, it } from "vitest";
import {
  component,
  exited,
  instance,
  missing,
  nowMs,
  script,
  sees,
  service,
  target,
  trying,
  unknown,
  up,
} from "../test/example.ts";
import type { ComponentGoal } from "./goal.ts";
import { plan } from "./plan.ts";

const depending = (name: string, dependsOn: string[], more: Partial<ComponentGoal> = {}) =>
  component(name, { target: target({ dependsOn }), ...more });

describe("the order of starts", () => {
  it("is that of depends_on, however the components are listed", () => {
    const goal = service([depending("a", ["b"]), depending("b", ["c"]), component("c")], trying);
    expect(script(plan(goal, sees(), nowMs)).filter((line) => line.includes("start"))).toEqual([
      "1 start c.new (new)",
      "3 start b.new (new) after 1",
      "5 start a.new (new) after 3",
    ]);
  });

  it("lets what is independent start side by side", () => {
    const planned = plan(service([component("a"), component("b")], trying), sees(), nowMs);
    expect(script(planned).filter((line) => line.includes("start"))).toEqual([
      "1 start a.new (new)",
      "3 start b.new (new)",
    ]);
  });

  it("reaches through what has nothing to do itself", () => {
    const b = depending("b", ["c"], { instances: [instance("b.1")] });
    for (const seen of [up(), unknown]) {
      const goal = service([depending("a", ["b"]), b, component("c")], { cause: "repair" });
      expect(script(plan(goal, sees({ "b.1": seen }), nowMs))).toEqual([
        "1 start c.new (new)",
        "2 start a.new (new) after 1",
      ]);
    }
  });

  it("does not care for what is not there", () => {
    expect(script(plan(service([depending("a", ["gone"])]), sees(), nowMs))[0]).toBe("1 start a.new (new)");
  });

  it("still is one where components depend on each other in a circle", () => {
    const goal = service([depending("a", ["b"]), depending("b", ["a"])], { desired: "running" });
    const { steps } = plan(goal, sees(), nowMs);
    expect(steps).toHaveLength(4);
    for (const { number, after } of steps) for (const other of after) expect(other).toBeLessThan(number);
  });
});

describe("the order of stops", () => {
  it("is the reverse of depends_on, through what has nothing to stop", () => {
    const stopped = { desired: "stopped" } as const;
    const a = depending("a", ["b"], { ...stopped, instances: [instance("a.1")] });
    const b = depending("b", ["c"], { ...stopped, instances: [instance("b.1")] });
    const c = component("c", { ...stopped, instances: [instance("c.1")] });
    const seen = (b: typeof unknown) => sees({ "a.1": up(), "b.1": b, "c.1": up() });
    expect(script(plan(service([c, b, a]), seen(up()), nowMs))).toEqual([
      "1 stop a.1",
      "2 stop b.1 after 1",
      "3 stop c.1 after 2",
    ]);
    expect(script(plan(service([c, b, a]), seen(exited()), nowMs))).toEqual([
      "1 stop a.1",
      "2 stop c.1 after 1",
    ]);
  });
});

describe("what waits for what", () => {
  const web = component("web", { instances: [instance("web.1")] });
  const other = target({ image: { reference: "registry.example/other:1", digest: "sha256:other" } });
  const worker = component("worker", { target: other, instances: [instance("worker.1")] });
  const seen = sees({ "web.1": exited(1), "worker.1": missing });

  it("is everything for everything while a revision is on trial", () => {
    expect(script(plan(service([web, worker], trying), seen, nowMs))).toEqual([
      "1 pull sha256:other",
      "2 start web.1 after 1",
      "3 stand web.1 after 2",
      "4 start worker.1 after 1",
      "5 stand worker.1 after 4",
      "6 accept 2 keep web.1,worker.1 after 1,2,3,4,5",
    ]);
  });

  it("is only what is needed in a repair, so that an image that cannot be pulled keeps no other down", () => {
    expect(script(plan(service([web, worker], { cause: "repair" }), seen, nowMs))).toEqual([
      "1 pull sha256:other",
      "2 start web.1 (restart)",
      "3 start worker.1 (restart) after 1",
    ]);
  });

  it("is the end of the start period before an old one goes, where nothing is on trial", () => {
    expect(script(plan(service([web]), sees({ "web.1": up("theirs") }), nowMs))).toEqual([
      "1 stop web.1",
      "2 start web.new (new) after 1",
      "3 stand web.new after 2",
      "4 remove web.1 after 1,2,3",
    ]);
  });
});
