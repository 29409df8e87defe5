import { describe, expect, it } from "vitest";
import { open, startMs } from "../test/temporary.ts";
import type { NewEvent } from "./events.ts";

const event = (text: string, service = "a", more: Partial<NewEvent> = {}): NewEvent => ({
  service,
  component: "",
  kind: "deployed",
  text,
  ...more,
});

describe("events", () => {
  it("come back with their id and time, as they are kept", async () => {
    const { registry } = await open();
    const added = await registry.addEvents([event("one"), event("two", "", { data: { n: [1, "ü"] } })]);
    expect(added).toEqual([
      { id: 1, atMs: startMs, service: "a", component: "", kind: "deployed", text: "one" },
      {
        id: 2,
        atMs: startMs,
        service: "",
        component: "",
        kind: "deployed",
        text: "two",
        data: { n: [1, "ü"] },
      },
    ]);
    expect(await registry.events({ limit: 10 })).toEqual(added);
    expect(await registry.addEvents([])).toEqual([]);
  });

  it("are filtered by service, time and what came before", async () => {
    const { registry, clock } = await open();
    await registry.addEvents([event("1"), event("2", "b"), event("3", "")]);
    clock.jump(100);
    await registry.addEvents([event("4"), event("5", "b"), event("6")]);
    const texts = async (filter: Omit<Parameters<typeof registry.events>[0], "limit">, limit = 10) =>
      (await registry.events({ limit, ...filter })).map(({ text }) => text).join("");
    expect(await texts({})).toBe("123456");
    expect(await texts({}, 2)).toBe("12");
    expect(await texts({ newest: true }, 2)).toBe("65");
    expect(await texts({ service: "a" })).toBe("146");
    expect(await texts({ service: "" })).toBe("3");
    expect(await texts({ sinceMs: startMs + 100 })).toBe("456");
    expect(await texts({ afterId: 4 })).toBe("56");
    expect(await texts({ service: "b", afterId: 2, newest: true })).toBe("5");
  });

  it("are filtered by component", async () => {
    const { registry } = await open();
    await registry.addEvents([
      event("1", "a", { component: "web" }),
      event("2", "a", { component: "db" }),
      event("3", "b", { component: "web" }),
      event("4"),
    ]);
    const found = await registry.events({ service: "a", component: "web", limit: 10 });
    expect(found.map(({ text }) => text)).toEqual(["1"]);
  });

  it("of a while are all found after the clock was set back, in the order in which they happened", async () => {
    const { registry, clock } = await open();
    clock.jump(3_600_000);
    await registry.addEvents([event("ahead")]);
    clock.jump(-3_600_000);
    await registry.addEvents([event("before")]);
    clock.jump(1_000);
    await registry.addEvents([event("after")]);
    for (const service of [undefined, "a"]) {
      const since = { sinceMs: startMs + 1_000, limit: 10, ...(service && { service }) };
      const texts = async (newest: boolean) =>
        (await registry.events({ ...since, newest })).map(({ text }) => text);
      expect(await texts(false)).toEqual(["ahead", "after"]);
      expect(await texts(true)).toEqual(["after", "ahead"]);
    }
    expect(await registry.events({ sinceMs: startMs + 9_000_000, limit: 10 })).toEqual([]);
  });
});

describe("pruning", () => {
  const unlimited = {
    maxEvents: 1_000_000,
    maxEventAgeMs: 1_000_000_000,
    maxOperationsPerService: 1_000_000,
    maxRevisionsPerService: 1_000_000,
  };

  it("keeps the newest events, in more than one batch", async () => {
    const { registry } = await open();
    await registry.addEvents(Array.from({ length: 1_050 }, (_, index) => event(String(index))));
    expect(await registry.prune(unlimited)).toBe(0);
    expect(await registry.prune({ ...unlimited, maxEvents: 50 })).toBe(1_000);
    const left = await registry.events({ limit: 2_000 });
    expect(left.map(({ text }) => text)).toEqual(
      Array.from({ length: 50 }, (_, index) => String(1_000 + index)),
    );
    // Ids are not given again, or a watcher would miss what is new.
    await registry.prune({ ...unlimited, maxEvents: 0 });
    expect((await registry.addEvents([event("next")]))[0]?.id).toBe(1_051);
  });

  it("removes events that are too old", async () => {
    const { registry, clock } = await open();
    await registry.addEvents([event("old")]);
    clock.jump(1_000);
    await registry.addEvents(Array.from({ length: 1_000 }, () => event("new")));
    expect(await registry.prune({ ...unlimited, maxEventAgeMs: 1_000 })).toBe(0);
    expect(await registry.prune({ ...unlimited, maxEventAgeMs: 999 })).toBe(1);
    expect((await registry.events({ limit: 1 })).map(({ text }) => text)).toEqual(["new"]);
  });

  it("does not drop all events by a clock that is far ahead, nor the newest 1 000 once something is written then", async () => {
    const { registry, clock } = await open();
    const monthMs = 30 * 86_400_000;
    const limits = { ...unlimited, maxEventAgeMs: monthMs };
    await registry.addEvents(Array.from({ length: 1_500 }, (_, index) => event(String(index + 1))));
    clock.jump(10 * monthMs);
    expect(await registry.prune(limits)).toBe(0);
    await registry.addEvents([event("in a year")]);
    expect(await registry.prune(limits)).toBe(501);
    clock.jump(-10 * monthMs);
    expect(await registry.prune(limits)).toBe(0);
    expect((await registry.events({ limit: 1 })).map(({ text }) => text)).toEqual(["502"]);
  });

  it("gives others their turn between the batches", async () => {
    const { registry } = await open();
    await registry.addEvents(Array.from({ length: 2_000 }, (_, index) => event(String(index))));
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const pruning = registry.prune({ ...unlimited, maxEvents: 0 });
    await registry.setMeta("meanwhile", "written");
    const leftMeanwhile = (await registry.events({ limit: 2_000 })).length;
    await pruning;
    clearInterval(count);
    expect(leftMeanwhile).toBeGreaterThan(0);
    expect(turns).toBeGreaterThan(1);
  });

  it("keeps the newest operations of each service with their steps, and all that are not finished", async () => {
    const { registry } = await open();
    for (let index = 1; index <= 6; index++) {
      for (const service of ["a", "b"]) {
        const id = `${service}${index}`;
        await registry.addOperation({ id, requestId: `r-${id}`, service, kind: "deploy", request: {} });
        await registry.addSteps(id, [{ number: 1, action: {}, reason: "", after: [] }]);
        if (id !== "a2") await registry.setOperation(id, { state: "succeeded" });
      }
    }
    expect(await registry.prune({ ...unlimited, maxOperationsPerService: 2 })).toBe(7);
    const left = await registry.operations({ limit: 100 });
    expect(left.map(({ id, steps }) => `${id} ${steps.length}`)).toEqual([
      "b6 1",
      "a6 1",
      "b5 1",
      "a5 1",
      "a2 1",
    ]);
  });
});
