import { describe, expect, it } from "vitest";
import { deployed, instanceOf, open, problemOf, startMs } from "../test/temporary.ts";

describe("instances", () => {
  it("are recorded with what is known before their start", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    await registry.addInstance(instanceOf("a", "a-1", { spec: { env: { A: "ü\n" } } }));
    expect(await registry.instance("a-1")).toEqual({
      name: "a-1",
      service: "a",
      component: "a",
      revision: 1,
      specHash: "hash-1",
      spec: { env: { A: "ü\n" } },
      kind: "container",
      role: "candidate",
      createdAtMs: startMs,
      restarts: 0,
      quickEnds: 0,
    });
    expect(await registry.instance("a-2")).toBeUndefined();
  });

  it("may be recorded with all that an adopted one has", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    const adopted = {
      ...instanceOf("a", "a-1", { role: "current" }),
      handle: { kind: "container", v: 1, state: "id" },
      startedAtMs: 5,
      lastExit: null,
    };
    await registry.addInstance(adopted);
    expect(await registry.instance("a-1")).toEqual({
      ...adopted,
      createdAtMs: startMs,
      restarts: 0,
      quickEnds: 0,
    });
  });

  it("recorded twice stay as they are", async () => {
    const { registry, clock } = await open();
    await deployed(registry, "a");
    await registry.addInstance(instanceOf("a", "a-1"));
    await registry.setInstance("a-1", { role: "current", restarts: 2, quickEnds: 1 });
    clock.jump(10);
    await registry.addInstance(instanceOf("a", "a-1"));
    expect(await registry.instance("a-1")).toMatchObject({
      role: "current",
      restarts: 2,
      quickEnds: 1,
      createdAtMs: startMs,
    });
  });

  it("do not share a name", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    await deployed(registry, "b");
    await registry.addInstance(instanceOf("a", "x"));
    for (const other of [instanceOf("a", "x", { specHash: "hash-2" }), instanceOf("b", "x")]) {
      expect(await problemOf(registry.addInstance(other))).toMatchObject({
        code: "spec_conflict",
        message: "the instance name x already belongs to a/a, with other settings",
      });
    }
  });

  it("change in the parts that are given", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    await registry.addInstance(instanceOf("a", "a-1"));
    await registry.setInstance("a-1", { handle: { kind: "container", v: 1, state: "id" }, startedAtMs: 7 });
    await registry.setInstance("a-1", { restarts: 3, lastExit: { code: 1 } });
    await registry.setInstance("a-1", { role: "retired" });
    await registry.setInstance("a-1", {});
    expect(await registry.instance("a-1")).toMatchObject({
      handle: { kind: "container", v: 1, state: "id" },
      startedAtMs: 7,
      restarts: 3,
      quickEnds: 0,
      lastExit: { code: 1 },
      role: "retired",
    });
  });

  it("that are gone cannot change, and go only once", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    await registry.addInstance(instanceOf("a", "a-1"));
    await registry.removeInstance("a-1");
    await registry.removeInstance("a-1");
    expect(await problemOf(registry.setInstance("a-1", { restarts: 1 }))).toMatchObject({
      code: "workload_not_found",
      message: "no instance a-1 is recorded",
    });
  });
});
