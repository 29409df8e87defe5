import { describe, expect, it } from "vitest";
import { deployed, instanceOf, open, problemOf, proposalFor, startMs } from "../test/temporary.ts";

describe("services", () => {
  it("come sorted by name, all or those asked for", async () => {
    const { registry } = await open();
    for (const name of ["c", "a", "b"]) await deployed(registry, name);
    const names = async (asked?: string[]) => (await registry.services(asked)).map(({ name }) => name);
    expect(await names()).toEqual(["a", "b", "c"]);
    expect(await names(["c", "nowhere", "a"])).toEqual(["a", "c"]);
    expect(await names([])).toEqual([]);
    expect(await registry.service("nowhere")).toBeUndefined();
  });

  it("come with their own components and instances, oldest first", async () => {
    const { registry, clock } = await open();
    await deployed(registry, "a", ["a", "x"]);
    await deployed(registry, "b");
    await registry.addInstance(instanceOf("a", "z-first"));
    clock.jump(1);
    await registry.addInstance(instanceOf("a", "a-second"));
    await registry.addInstance(instanceOf("b", "b-1"));
    const [a, b] = await registry.services();
    expect(a?.components.map(({ name }) => name)).toEqual(["a", "x"]);
    expect(a?.instances.map(({ name }) => name)).toEqual(["z-first", "a-second"]);
    expect(b?.instances.map(({ name }) => name)).toEqual(["b-1"]);
    expect(await registry.services(["a"])).toEqual([a]);
  });
});

it("a service that is undeployed while its first revision is tried is there until that is discarded", async () => {
  const { registry } = await open();
  await registry.propose(await proposalFor(registry, "a"));
  await registry.setDesired("a", "absent");
  expect(await registry.service("a")).toMatchObject({ desired: "absent", candidate: { revision: 1 } });
  await registry.discard("a");
  expect(await registry.service("a")).toBeUndefined();
});

describe("what is wanted", () => {
  it("of a service is wanted of all its components", async () => {
    const { registry, clock } = await open();
    await deployed(registry, "a", ["a", "x"]);
    await deployed(registry, "b");
    clock.jump(7);
    await registry.setDesired("a", "stopped");
    const [a, b] = await registry.services();
    expect(a).toMatchObject({ desired: "stopped", updatedAtMs: startMs + 7 });
    expect(a?.components.map(({ desired }) => desired)).toEqual(["stopped", "stopped"]);
    expect(b).toMatchObject({ desired: "running", components: [{ desired: "running" }] });
  });

  it("of some components leaves the service and the others", async () => {
    const { registry } = await open();
    await deployed(registry, "a", ["a", "x", "y"]);
    await registry.setDesired("a", "stopped", ["x", "y"]);
    const service = await registry.service("a");
    expect(service?.desired).toBe("running");
    expect(service?.components.map(({ desired }) => desired)).toEqual(["running", "stopped", "stopped"]);
  });

  it("of what is ignored stays, and what is undeployed is stopped", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    await registry.setDesired("a", "ignore");
    expect(await registry.service("a")).toMatchObject({
      desired: "ignore",
      components: [{ desired: "running" }],
    });
    await registry.setDesired("a", "absent");
    expect(await registry.service("a")).toMatchObject({
      desired: "absent",
      components: [{ desired: "stopped" }],
    });
  });

  it("of a component that is not there is refused, with nothing changed", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    expect(await problemOf(registry.setDesired("a", "stopped", ["a", "nowhere"]))).toMatchObject({
      code: "component_not_found",
      message: "the service a has no component nowhere",
    });
    expect(await problemOf(registry.requestRestart("a", ["nowhere"], 1))).toMatchObject({
      code: "component_not_found",
    });
    expect(await registry.service("a")).toMatchObject({ components: [{ desired: "running" }] });
  });

  it("of a component cannot be what only a service can be", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    await expect(registry.setDesired("a", "absent", ["a"])).rejects.toThrow("a component cannot be absent");
  });

  it("of some components of a service that is being undeployed is refused, so that none says running meanwhile", async () => {
    const { registry } = await open();
    await deployed(registry, "a", ["a", "x"]);
    await registry.setDesired("a", "absent");
    expect(await problemOf(registry.setDesired("a", "running", ["x"]))).toMatchObject({
      code: "service_not_found",
      message: "the service a is being undeployed",
    });
    expect(await registry.service("a")).toMatchObject({
      desired: "absent",
      components: [{ desired: "stopped" }, { desired: "stopped" }],
    });
  });

  it("of a service that is being undeployed may be that it stays after all", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    await registry.setDesired("a", "absent");
    await registry.setDesired("a", "running");
    expect(await registry.service("a")).toMatchObject({
      desired: "running",
      components: [{ desired: "running" }],
    });
  });

  it("of a service that is undeployed is refused: there is no revision that could run", async () => {
    const { registry } = await open();
    await deployed(registry, "a");
    await registry.forget("a");
    for (const desired of ["running", "stopped", "ignore"] as const)
      expect(await problemOf(registry.setDesired("a", desired))).toMatchObject({ code: "service_not_found" });
    await registry.setDesired("a", "absent");
    expect(await registry.services()).toEqual([]);
  });

  it("may be a restart of instances started before a time", async () => {
    const { registry } = await open();
    await deployed(registry, "a", ["a", "x"]);
    await registry.requestRestart("a", ["x"], startMs + 100);
    expect((await registry.service("a"))?.components).toEqual([
      { name: "a", knownName: "a", desired: "running" },
      { name: "x", knownName: "a-x", desired: "running", restartBeforeMs: startMs + 100 },
    ]);
  });
});

describe("revisions", () => {
  it("are found by service and number, one or many at once", async () => {
    const { registry } = await open();
    await deployed(registry, "a", ["a"], { content: { n: 1 } });
    await deployed(registry, "a", ["a"], { content: { n: 2 } });
    await deployed(registry, "b", ["b"], { content: { n: 3 } });
    expect(await registry.revision("a", 2)).toMatchObject({ service: "a", number: 2, content: { n: 2 } });
    expect(await registry.revision("a", 3)).toBeUndefined();
    const found = await registry.revisionsOf([
      { service: "b", number: 1 },
      { service: "a", number: 1 },
      { service: "a", number: 9 },
      { service: "nowhere", number: 1 },
    ]);
    expect(found.map(({ service, number, content }) => [service, number, content])).toEqual([
      ["a", 1, { n: 1 }],
      ["b", 1, { n: 3 }],
    ]);
    expect(await registry.revisionsOf([])).toEqual([]);
  });
});
