import { describe, expect, it } from "vitest";
import { deployed, instanceOf, open, problemOf, proposalFor, startMs } from "../test/temporary.ts";
import type { PortClaim } from "./claims.ts";

const port = (component: string, number: number, address = "", protocol = "tcp"): PortClaim => ({
  component,
  address,
  port: number,
  protocol,
});
const statesOf = async ({ registry }: Awaited<ReturnType<typeof open>>, service: string) =>
  (await registry.revisions(service)).map(({ number, state }) => `${number} ${state}`);

describe("proposing a revision", () => {
  it("records it as the candidate, with its service and components", async () => {
    const { registry, clock } = await open();
    const proposal = await proposalFor(registry, "shop", ["shop", "db"], {
      managed: "report",
      content: { v: 1, name: "shop" },
      origin: "mcp deploy by root",
    });
    clock.jump(5);
    expect(await registry.propose(proposal)).toBe(1);
    expect(await registry.service("shop")).toEqual({
      name: "shop",
      desired: "running",
      managed: "report",
      candidate: { revision: 1, state: "trying" },
      updatedAtMs: startMs + 5,
      components: [
        { name: "db", knownName: "shop-db", desired: "running" },
        { name: "shop", knownName: "shop", desired: "running" },
      ],
      instances: [],
      addresses: [],
    });
    expect(await registry.revisions("shop")).toEqual([
      {
        service: "shop",
        number: 1,
        createdAtMs: startMs + 5,
        state: "candidate",
        origin: "mcp deploy by root",
        content: { v: 1, name: "shop" },
      },
    ]);
    expect((await registry.operation(proposal.operationId))?.revision).toBe(1);
  });

  it("takes the place of an earlier candidate, whose number is not used again", async () => {
    const opened = await open();
    const { registry } = opened;
    await registry.propose(await proposalFor(registry, "shop"));
    expect(await registry.propose(await proposalFor(registry, "shop"))).toBe(2);
    expect((await registry.service("shop"))?.candidate).toEqual({ revision: 2, state: "trying" });
    expect(await statesOf(opened, "shop")).toEqual(["2 candidate", "1 rejected"]);
  });

  it("retires what the earlier candidate left, so that it is not taken for the new one's own", async () => {
    const { registry } = await open();
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.addInstance(instanceOf("shop", "shop-1", { role: "candidate" }));
    await registry.reject("shop");
    await registry.propose(await proposalFor(registry, "shop"));
    expect((await registry.instance("shop-1"))?.role).toBe("retired");
  });

  it("gives components that are known what it wants of them, and keeps when they must restart", async () => {
    const { registry } = await open();
    await deployed(registry, "shop");
    await registry.setDesired("shop", "stopped");
    await registry.requestRestart("shop", ["shop"], 1_000);
    await registry.propose(await proposalFor(registry, "shop"));
    expect(await registry.service("shop")).toMatchObject({
      desired: "running",
      components: [{ name: "shop", desired: "running", restartBeforeMs: 1_000 }],
    });
  });

  it("keeps components it does not list until it is accepted", async () => {
    const { registry } = await open();
    await deployed(registry, "shop", ["shop", "old"]);
    await registry.propose(await proposalFor(registry, "shop", ["shop", "new"]));
    const names = async () => (await registry.service("shop"))?.components.map(({ name }) => name);
    expect(await names()).toEqual(["new", "old", "shop"]);
    await registry.accept("shop", { keep: [] });
    expect(await names()).toEqual(["new", "shop"]);
  });

  it("refuses an operation that is not recorded, with nothing changed", async () => {
    const { registry } = await open();
    const proposal = { ...(await proposalFor(registry, "shop")), operationId: "nowhere" };
    expect(await problemOf(registry.propose(proposal))).toMatchObject({ code: "operation_not_found" });
    expect(await registry.services()).toEqual([]);
    expect(await registry.revisions("shop")).toEqual([]);
  });
});

describe("accepting a candidate", () => {
  it("makes it current and the one before it earlier", async () => {
    const opened = await open();
    await deployed(opened.registry, "shop");
    await deployed(opened.registry, "shop");
    const service = await opened.registry.service("shop");
    expect(service).toMatchObject({ currentRevision: 2 });
    expect(service).not.toHaveProperty("candidate");
    expect(await statesOf(opened, "shop")).toEqual(["2 current", "1 earlier"]);
  });

  it("makes the kept instances current, with the revision they were made from, and retires the others", async () => {
    const { registry } = await open();
    await deployed(registry, "shop", ["shop", "db"]);
    await deployed(registry, "other");
    for (const name of ["shop-1", "db-1"]) {
      await registry.addInstance(instanceOf("shop", name, { role: "current" }));
    }
    await registry.addInstance(instanceOf("other", "other-1", { role: "current" }));
    await registry.propose(await proposalFor(registry, "shop", ["shop", "db"]));
    await registry.addInstance(instanceOf("shop", "shop-2", { revision: 2, role: "candidate" }));
    await registry.accept("shop", { keep: ["db-1", "shop-2"] });
    const instances = (await registry.services()).flatMap((service) => service.instances);
    expect(instances.map(({ name, role, revision }) => `${name} ${role} ${revision}`)).toEqual([
      "other-1 current 1",
      "db-1 current 1",
      "shop-1 retired 1",
      "shop-2 current 2",
    ]);
  });

  it("again changes nothing, as after a crash between it and the next step", async () => {
    const { registry } = await open();
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.addInstance(instanceOf("shop", "shop-1"));
    await registry.accept("shop", { keep: ["shop-1"] });
    const before = await registry.service("shop");
    await registry.accept("shop", { keep: ["shop-1"] });
    expect(await registry.service("shop")).toEqual(before);
  });

  it("is refused once it was rejected", async () => {
    const { registry } = await open();
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.reject("shop");
    expect(await problemOf(registry.accept("shop", { keep: [] }))).toMatchObject({
      code: "superseded",
      message: "revision 1 of shop was rejected, and cannot become the current one",
    });
  });
});

describe("rejecting and discarding a candidate", () => {
  it("leaves the current revision with what it had", async () => {
    const opened = await open();
    const { registry } = opened;
    await deployed(registry, "shop", ["shop", "db"], { managed: "heal" });
    await registry.propose(await proposalFor(registry, "shop", ["shop", "cache"], { managed: "ignore" }));
    await registry.reject("shop");
    expect(await registry.service("shop")).toMatchObject({
      managed: "ignore",
      candidate: { revision: 2, state: "rejected" },
    });
    await registry.discard("shop");
    const service = await registry.service("shop");
    expect(service).toMatchObject({ desired: "running", managed: "heal", currentRevision: 1 });
    expect(service).not.toHaveProperty("candidate");
    expect(service?.components.map(({ name }) => name)).toEqual(["db", "shop"]);
    expect(await statesOf(opened, "shop")).toEqual(["2 rejected", "1 current"]);
  });

  it("leaves nothing of a service that never had a current revision, but history", async () => {
    const opened = await open();
    const { registry } = opened;
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.addInstance(instanceOf("shop", "shop-1"));
    await registry.discard("shop");
    expect(await registry.service("shop")).toMatchObject({ desired: "absent", components: [] });
    await registry.removeInstance("shop-1");
    expect(await registry.services()).toEqual([]);
    expect(await statesOf(opened, "shop")).toEqual(["1 rejected"]);
  });

  it("changes nothing without a candidate", async () => {
    const { registry } = await open();
    await deployed(registry, "shop");
    const before = await registry.service("shop");
    await registry.reject("shop");
    await registry.discard("shop");
    expect(await registry.service("shop")).toEqual(before);
  });
});

describe("forgetting a service", () => {
  it("leaves its revisions and its operations, and numbers go on from there", async () => {
    const opened = await open();
    const { registry } = opened;
    await deployed(registry, "shop", ["shop"], { ports: [port("shop", 80)] });
    await registry.addInstance(instanceOf("shop", "shop-1", { role: "current" }));
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.setDesired("shop", "absent");
    await registry.forget("shop");
    await registry.forget("shop");
    expect(await registry.services()).toEqual([]);
    expect(await registry.instance("shop-1")).toBeUndefined();
    expect(await statesOf(opened, "shop")).toEqual(["2 rejected", "1 earlier"]);
    expect(await registry.operations({ service: "shop", limit: 10 })).toHaveLength(2);
    await deployed(registry, "web", ["web"], { ports: [port("web", 80)] });
    expect(await deployed(registry, "shop")).toBe(3);
    expect(await registry.service("shop")).toMatchObject({ desired: "running", instances: [] });
  });

  it("has not happened while only its instances are gone: its claims are still there to be released", async () => {
    const { registry } = await open();
    await deployed(registry, "shop");
    await registry.setDesired("shop", "absent");
    expect(await registry.service("shop")).toMatchObject({ desired: "absent", currentRevision: 1 });
  });
});

it("a service that was never proposed is not found", async () => {
  const { registry } = await open();
  const calls = [
    registry.reject("shop"),
    registry.discard("shop"),
    registry.accept("shop", { keep: [] }),
    registry.forget("shop"),
    registry.setDesired("shop", "stopped"),
    registry.requestRestart("shop", [], 0),
    registry.addInstance(instanceOf("shop", "shop-1")),
  ];
  for (const call of calls) expect(await problemOf(call)).toMatchObject({ code: "service_not_found" });
});
